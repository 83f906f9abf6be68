"""Retrain a small part: often as good as all of it, at a fraction of the memory."""

from collections.abc import Sequence
from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from ...errors import UserError
from ...models import Checkpoint
from ...models.weight import names_of
from ...registry import parameter
from ...training import Objective, Student, TrainingParameters, hold_all, recover, tied, zeros_of
from .. import METHODS, Derivative, MethodContext
from .parts import Part, free


class SubsetParameters(TrainingParameters):
    """Parameters of retraining a part."""

    train: tuple[Part, ...] = parameter(
        ("biases", "norms", "head"), "What learns: biases, norms, head, adapters (low rank, zero where the weight is)."
    )
    rank: int = parameter(4, "Rank of the adapters.", ge=1)


@METHODS.register(
    "retrain.subset",
    title="Retraining a part",
    citation="Zimmer et al. 2023, PERP: Rethinking the Prune-Retrain Paradigm in the Era of LLMs, arXiv:2312.15230",
    version=2,
    stochastic=True,
)
def subset(parents: Sequence[Checkpoint], parameters: SubsetParameters, context: MethodContext) -> Derivative:
    """Train biases, norms, the head or masked low-rank adapters alone; says which share of the parameters that is.

    An adapter makes W + M ⊙ B A of a weight W, where M is zero wherever W is; it is merged into the weight at the end.

    Raises
    ------
    UserError
        If the network has none of these parts, the data do not fit it, or the loss is no number.
    """
    parent = parents[0]
    network = tied(context.network(parent))
    zeros = zeros_of(network) if parameters.keep_zeros else {}
    free(network, parameters.train, parent.architecture.head if parent.architecture else None)
    hold_all(network, zeros)
    student = Student(network, parent)
    if "adapters" in parameters.train:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(context.seed)
            _adapt(network, names_of(parent.weights()), zeros, parameters.rank)
    if not student.free():
        raise UserError(f"{parent.path.name} has no {' or '.join(parameters.train) or 'part'} to train.", _PARTS)
    return recover(student, Objective(parameters), parameters, context)


_PARTS = 'Choose some of: train = ["biases", "norms", "head", "adapters"].'


class LowRank(nn.Module):
    """Adds B A to a weight where it is not masked; nothing at first.

    Source: Hu et al. 2022, LoRA, section 4.1; Zimmer et al. 2023, section 3.2 (the mask).
    """

    def __init__(self, weight: Tensor, kept: Tensor | None, rank: int) -> None:
        super().__init__()
        rows, columns = weight.shape[0], weight[0].numel()
        bound = 1 / sqrt(columns)
        self.a = nn.Parameter(torch.empty(rank, columns).uniform_(-bound, bound).to(weight.device))
        self.b = nn.Parameter(weight.new_zeros(rows, rank))
        self.kept: Tensor | None
        self.register_buffer("kept", kept, persistent=False)

    def forward(self, weight: Tensor) -> Tensor:
        """Return the adapted weight."""
        change = (self.b @ self.a).view_as(weight)
        return weight + (change if self.kept is None else change * self.kept)


def _adapt(network: nn.Module, weights: Sequence[str], zeros: dict[str, Tensor], rank: int) -> None:
    for name in weights:
        place, _, leaf = name.rpartition(".")
        module = network.get_submodule(place)
        weight: Tensor = getattr(module, leaf)
        recurrent = isinstance(module, nn.RNNBase)  # which keeps its weights aside and would not see the change
        if not weight.requires_grad and not recurrent:  # or it learns whole already
            register_parametrization(module, leaf, LowRank(weight, zeros.get(name), rank))
