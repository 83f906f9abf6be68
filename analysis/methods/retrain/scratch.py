"""Train from a fresh start: what the inherited weights have to beat."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from ...errors import UserError
from ...models import Architecture, Checkpoint, TensorSpec
from ...models.beginning import untrained
from ...models.families import build, skeleton
from ...models.narrowing import narrowed
from ...registry import parameter
from ...training import Objective, Student, TrainingParameters, hold_all, recover, tied, zeros_of
from .. import METHODS, Derivative, MethodContext


class ScratchParameters(TrainingParameters):
    """Parameters of training from scratch."""

    narrow: bool = parameter(
        False, "Train a dense network of equal size instead: all hidden widths scaled to the parent's non-zero count."
    )


@METHODS.register(
    "retrain.scratch",
    title="Training from scratch",
    citation="Liu et al. 2019, Rethinking the Value of Network Pruning, arXiv:1810.05270 (Scratch-E, Scratch-B)",
    stochastic=True,
    reshapes=lambda values: bool(values.get("narrow")),
)
def scratch(parents: Sequence[Checkpoint], parameters: ScratchParameters, context: MethodContext) -> Derivative:
    """Train the parent's architecture from weights that are drawn anew: its widths and its zeros, none of its values.

    With ``narrow``, train the widest member of its family that has at most as many parameters as the parent has
    non-zero ones, without zeros.

    Raises
    ------
    UserError
        If the data do not fit the network, the loss is no number, or a family's widths cannot be scaled.
    """
    inherited = context.network(parents[0])
    if parameters.narrow:
        return _dense(parents[0], inherited, parameters, context)
    network = tied(context.placed(untrained(parents[0].network(), context.seed)), inherited)
    if parameters.keep_zeros:
        hold_all(network, zeros_of(inherited))
    return recover(Student(network, parents[0]), Objective(parameters), parameters, context)


def _dense(
    parent: Checkpoint, inherited: nn.Module, parameters: ScratchParameters, context: MethodContext
) -> Derivative:
    nonzero = sum(int(parameter.count_nonzero()) for parameter in inherited.parameters())
    architecture = narrowed(_required(parent), nonzero)
    network = tied(context.placed(untrained(build(architecture), context.seed)), inherited)
    student = Student(network, parent)
    student.specs, student.settings = _specs(architecture, parent), architecture.settings
    derivative = recover(student, Objective(parameters), parameters, context)
    facts = derivative.facts | {"widths": architecture.config["widths"], "nonzeros_of_parent": nonzero}
    return replace(derivative, facts=facts)


def _required(parent: Checkpoint) -> Architecture:
    if parent.architecture is None:
        raise UserError(f"'{parent.path.name}' cannot be narrowed: {parent.reason}", "Choose a recognised network.")
    return parent.architecture


def _specs(architecture: Architecture, parent: Checkpoint) -> dict[str, TensorSpec]:
    """Return the tensors of a network, in the dtypes that they have in the parent."""

    def dtype(name: str, tensor: Tensor) -> torch.dtype:
        return parent.specs[name].dtype if name in parent.specs else tensor.dtype

    state = skeleton(architecture).state_dict()
    return {name: TensorSpec(tuple(tensor.shape), dtype(name, tensor)) for name, tensor in state.items()}
