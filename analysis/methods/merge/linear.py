"""Linear merging: a weighted mean of the parents, tensor by tensor."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...errors import UserError
from ...models import Checkpoint
from ...registry import Parameters, parameter
from .. import METHODS, Derivative, MethodContext


class LinearParameters(Parameters):
    """Parameters of linear merging."""

    weights: list[float] | None = parameter(None, "One weight a parent, in their order; equal ones if left out.")
    normalise: bool = parameter(True, "Divide by the sum of the weights.")


@METHODS.register(
    "merge.linear",
    title="Linear merge",
    citation="Wortsman et al. 2022, Model soups (uniform soup)",
    parents="many",
)
def linear(parents: Sequence[Checkpoint], parameters: LinearParameters, context: MethodContext) -> Derivative:
    """Average the parents' tensors with weights; whole-number tensors are the first parent's."""
    check_alike(parents)
    shares = _shares(parameters, len(parents))
    first = parents[0]
    names = list(first.specs)

    def tensor(name: str) -> Tensor:
        context.ticket.progress(names.index(name), len(names), name)
        own = first.tensor(name)
        if not own.is_floating_point():
            return own
        total = torch.zeros(own.shape, dtype=torch.promote_types(own.dtype, torch.float32))
        for share, parent in zip(shares, parents, strict=True):
            total.add_(parent.tensor(name).to(total.dtype), alpha=share)
        return total.to(own.dtype)

    return Derivative(first.specs, tensor, {"weights": shares})


def _shares(parameters: LinearParameters, count: int) -> list[float]:
    weights = parameters.weights or [1.0] * count
    if len(weights) != count:
        raise UserError(f"merge.linear got {len(weights)} weights for {count} parents.", "Give one weight a parent.")
    total = sum(weights) if parameters.normalise else 1.0
    if total == 0:
        raise UserError("The weights of merge.linear sum to zero.", "Change them, or set normalise = false.")
    return [weight / total for weight in weights]


def check_alike(parents: Sequence[Checkpoint]) -> None:
    """Refuse parents whose tensors differ in name or shape.

    Raises
    ------
    UserError
        Names the first difference and counts the others.
    """
    first = parents[0]
    for other in parents[1:]:
        differing = [name for name in {**first.specs, **other.specs} if not _same(first, other, name)]
        if differing:
            more = f" and {len(differing) - 1} more" if len(differing) > 1 else ""
            raise UserError(
                f"{other.path.name} and {first.path.name} differ in {differing[0]}{more}.",
                "Merge checkpoints of the same network.",
            )


def _same(one: Checkpoint, other: Checkpoint, name: str) -> bool:
    return name in one.specs and name in other.specs and one.specs[name].shape == other.specs[name].shape
