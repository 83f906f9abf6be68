"""Retrain everything: what every cheaper way has to come near."""

from collections.abc import Sequence

from ...models import Checkpoint
from ...training import Objective, TrainingParameters, recover, student_of
from .. import METHODS, Derivative, MethodContext


class FullParameters(TrainingParameters):
    """Parameters of full retraining."""


@METHODS.register(
    "retrain.full",
    title="Full retraining",
    citation="Liu et al. 2019, Rethinking the Value of Network Pruning, arXiv:1810.05270 (fine-tuning)",
    stochastic=True,
)
def full(parents: Sequence[Checkpoint], parameters: FullParameters, context: MethodContext) -> Derivative:
    """Train all parameters on, from the parent's weights.

    Raises
    ------
    UserError
        If the data do not fit the network, or the loss is no number.
    """
    return recover(student_of(parents[0], parameters, context), Objective(parameters), parameters, context)
