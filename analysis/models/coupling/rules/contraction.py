"""Products of matrices: what is summed over must agree, channel by channel."""

import torch
from torch import Tensor

from ..colours import Colours, along, axes, whole
from ..labels import Labels
from .operation import Operation
from .pointwise import met


def product(operation: Operation) -> list[Colours]:
    """Of (…, m, k) and (…, k, n)."""
    first, second = operation.args[:2]
    return [_multiplied(operation, first, second)]


def added(operation: Operation) -> list[Colours]:
    """Of a summand, and two matrices."""
    bias, first, second = operation.args[:3]
    shape = (*first.shape[:-1], second.shape[-1])
    colours = _multiplied(operation, first, second)
    return [met(operation.labels, [(shape, colours), (tuple(bias.shape), operation.of(bias))])]


def _multiplied(operation: Operation, first: Tensor, second: Tensor) -> Colours:
    labels, last = operation.labels, first.ndim - 1
    left, right = contracted(labels, operation.of(first), last, operation.of(second), last - 1)
    sides = (*first.shape[:-1], 1), (*second.shape[:-2], 1, second.shape[-1])
    return met(labels, list(zip(sides, (left, right), strict=True)))


def contracted(labels: Labels, left: Colours, a: int, right: Colours, b: int) -> tuple[Colours, Colours]:
    """Return what is left of the colours of two tensors that are summed along an axis of each.

    Two plain axes of channels are joined, channel by channel. Where only one has channels, the axis stays whole; where
    channels lie on several axes, such as those of heads, whatever is summed goes together.
    """
    own, other = along(left, a), along(right, b)
    if own is not None and other is not None and axes(own) == {a} and axes(other) == {b}:
        labels.join(own.flatten(), other.flatten())
        return tuple(one for one in left if one is not own), tuple(one for one in right if one is not other)
    return whole(labels, left, {a}), whole(labels, right, {b})


_aten = torch.ops.aten
RULES = {_aten.mm: product, _aten.bmm: product, _aten.addmm: added, _aten.baddbmm: added}
