"""What merging methods share: whether the models fit, and how precisely to add their tensors."""

from collections.abc import Mapping, Sequence
from functools import reduce

import torch
from torch import Tensor

from ...errors import UserError
from ...models import Checkpoint, TensorSpec
from .. import Derivative, MethodContext

_SHOWN = 3


def check_same_tensors(parents: Sequence[tuple[str, Mapping[str, TensorSpec]]]) -> None:
    """Check that all models, each a name and its tensors, have the same ones, name by name and shape by shape.

    Raises
    ------
    UserError
        If not; names the first differences and counts the rest.
    """
    differences = [text for other in parents[1:] for text in _differences(*parents[0], *other)]
    if differences:
        more = f" and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
        raise UserError(
            f"These models cannot be merged tensor by tensor: {'; '.join(differences[:_SHOWN])}{more}.",
            "Choose models of one architecture, with the same widths and classes.",
        )


def is_mergeable(spec: TensorSpec) -> bool:
    """Return whether tensors of this kind can be added: floating point or complex."""
    return spec.dtype.is_floating_point or spec.dtype.is_complex


def working_dtype(name: str, parents: Sequence[Checkpoint]) -> torch.dtype:
    """Return the dtype to add in: it holds every parent's values, and is float32 at least."""
    return reduce(torch.promote_types, (parent.specs[name].dtype for parent in parents), torch.float32)


def weighted_sum(parents: Sequence[Checkpoint], shares: list[float], context: MethodContext) -> Derivative:
    """Return the sum of the models' tensors, each model with its share.

    The sum is formed in float32 or better and has the first model's dtype; tensors that are not floating point, such
    as batch counters, are the first model's.
    """
    first = parents[0]

    def tensor(name: str) -> Tensor:
        context.ticket.check()
        spec = first.specs[name]
        if not is_mergeable(spec):
            return first.tensor(name)
        dtype = working_dtype(name, parents)
        total = torch.zeros(spec.shape, dtype=dtype, device=context.device)
        for parent, share in zip(parents, shares, strict=True):
            total.add_(parent.tensor(name).to(context.device, dtype), alpha=share)
        return total.to("cpu", spec.dtype)

    taken = [name for name, spec in first.specs.items() if not is_mergeable(spec)]
    return Derivative(first.specs, tensor, {"weights": shares, "taken_from_first": taken})


def _differences(here: str, first: Mapping[str, TensorSpec], there: str, other: Mapping[str, TensorSpec]) -> list[str]:
    texts = [f"{name} is missing in {there}" for name in first if name not in other]
    texts += [f"{name} is missing in {here}" for name in other if name not in first]
    for name, spec in first.items():
        if name in other and other[name].shape != spec.shape:
            texts.append(f"{name} is {_sides(spec)} in {here} and {_sides(other[name])} in {there}")
    return texts


def _sides(spec: TensorSpec) -> str:
    return "×".join(map(str, spec.shape)) or "a single number"
