"""Train from a fresh start: what the inherited weights have to beat."""

from collections.abc import Sequence

from ...models import Checkpoint
from ...models.beginning import untrained
from ...training import Objective, Student, TrainingParameters, hold_all, recover, tied, zeros_of
from .. import METHODS, Derivative, MethodContext


class ScratchParameters(TrainingParameters):
    """Parameters of training from scratch."""


@METHODS.register(
    "retrain.scratch",
    title="Training from scratch",
    citation="Liu et al. 2019, Rethinking the Value of Network Pruning, arXiv:1810.05270 (Scratch-E, Scratch-B)",
    stochastic=True,
)
def scratch(parents: Sequence[Checkpoint], parameters: ScratchParameters, context: MethodContext) -> Derivative:
    """Train the parent's architecture from weights that are drawn anew: its widths and its zeros, none of its values.

    Raises
    ------
    UserError
        If the data do not fit the network, or the loss is no number.
    """
    inherited = context.network(parents[0])
    network = tied(untrained(parents[0].network(), context.seed).to(context.device), inherited)
    if parameters.keep_zeros:
        hold_all(network, zeros_of(inherited))
    return recover(Student(network, parents[0]), Objective(parameters), parameters, context)
