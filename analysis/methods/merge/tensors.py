"""What merging methods share: whether the models fit, and how precisely to add their tensors."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ...errors import UserError
from ...models import Checkpoint, TensorSpec
from ...models.arithmetic import is_number, working_dtype
from .. import Derivative, MethodContext
from .bounds import check_sum

_SHOWN = 3


def check_same_tensors(parents: Sequence[tuple[str, Mapping[str, TensorSpec]]]) -> None:
    """Check that all models, each a name and its tensors, have the same ones, name by name and shape by shape.

    Counters of batches may be missing: they do not act in evaluation.

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


def _check_same_edits(parents: Sequence[Checkpoint]) -> None:
    """Demand that networks were edited in the same way: tensors of the same shapes may be run in another order."""
    edits = [parent.architecture.structure for parent in parents if parent.architecture]
    if any((each.edits if each else ()) != (edits[0].edits if edits[0] else ()) for each in edits):
        raise UserError(
            "These models cannot be merged: their networks were edited in different ways.",
            "Choose models that were cut in the same way.",
        )


def weighted_sum(parents: Sequence[Checkpoint], shares: list[float], context: MethodContext) -> Derivative:
    """Return the sum of the models' tensors, each model with its share.

    The sum is formed in float32 or better and has the first model's dtype; tensors that are not floating point, such
    as batch counters, are the first model's. A tensor that would go beyond the range of its dtype, or a variance that
    would be negative, is refused when it is asked for.
    """
    first = parents[0]
    _check_same_edits(parents)

    def tensor(name: str) -> Tensor:
        context.ticket.check()
        spec = first.specs[name]
        if not is_number(spec.dtype):
            return first.tensor(name)
        dtype = working_dtype(*(parent.specs[name].dtype for parent in parents))
        total = torch.zeros(spec.shape, dtype=dtype, device=context.device)
        for parent, share in zip(parents, shares, strict=True):
            total.add_(parent.tensor(name).to(context.device, dtype), alpha=share)
        check_sum(name, total, spec.dtype, (parent.tensor(name) for parent in parents))
        return total.to("cpu", spec.dtype)

    taken = [name for name, spec in first.specs.items() if not is_number(spec.dtype)]
    return Derivative(first.specs, tensor, {"weights": shares, "taken_from_first": taken})


def _differences(here: str, first: Mapping[str, TensorSpec], there: str, other: Mapping[str, TensorSpec]) -> list[str]:
    texts = [f"{name} is missing in {there}" for name in first if name not in other and not _may_lack(name)]
    texts += [f"{name} is missing in {here}" for name in other if name not in first and not _may_lack(name)]
    for name, spec in first.items():
        if name in other and other[name].shape != spec.shape:
            texts.append(f"{name} is {_sides(spec)} in {here} and {_sides(other[name])} in {there}")
        elif name in other and other[name].dtype.is_complex != spec.dtype.is_complex:
            texts.append(f"{name} is complex in {here if spec.dtype.is_complex else there} alone")
    return texts


def _may_lack(name: str) -> bool:
    """Tell whether a model runs without a tensor: a counter of batches, which is the first model's."""
    return name.endswith("num_batches_tracked")


def _sides(spec: TensorSpec) -> str:
    return "×".join(map(str, spec.shape)) or "a single number"
