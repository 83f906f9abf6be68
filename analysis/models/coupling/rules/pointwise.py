"""Element by element: channels that meet go together."""

from collections.abc import Sequence

import torch

from ..colours import Colours, Shape, axes, merged, whole
from ..labels import Labels
from .operation import Operation

Operand = tuple[Shape, Colours]


def rule(operation: Operation) -> list[Colours]:
    """Join what meets."""
    operands = [(tuple(tensor.shape), operation.of(tensor)) for tensor in operation.tensors]
    return [met(operation.labels, operands)] * len(operation.outputs)


def met(labels: Labels, operands: Sequence[Operand]) -> Colours:
    """Return the colours of what is made of several tensors, element by element; shapes are broadcast.

    An axis along which one tensor has channels and another has elements of no channel must stay whole.
    """
    ndim = max((len(shape) for shape, _ in operands), default=0)
    aligned = [_aligned(operand, ndim) for operand in operands]
    found: list[torch.Tensor] = []
    for _, colours in aligned:
        for other, theirs in aligned:
            bare = {axis for axis, side in enumerate(other) if side > 1}.difference(*map(axes, theirs))
            colours = whole(labels, colours, bare)
        found += colours
    return merged(labels, found)


def _aligned(operand: Operand, ndim: int) -> Operand:
    shape, colours = operand
    before = (1,) * (ndim - len(shape))
    return (*before, *shape), tuple(one.reshape(*before, *one.shape) for one in colours)


def like(operation: Operation) -> list[Colours]:
    """Pass on the labels of a tensor to one that is made like it."""
    return [operation.of(operation.args[0])]


_aten = torch.ops.aten
RULES = {
    **dict.fromkeys((_aten.hardswish, _aten.hardswish_, _aten.hardsigmoid_, _aten._prelu_kernel), rule),
    **dict.fromkeys((_aten.masked_fill, _aten.masked_fill_, _aten.log_sigmoid_forward, _aten.copy_, _aten.copy), rule),
    **dict.fromkeys((_aten.zeros_like, _aten.ones_like, _aten.empty_like, _aten.full_like, _aten.rand_like), like),
    **dict.fromkeys((_aten._to_copy, _aten.clone, _aten.detach, _aten.alias, _aten.lift_fresh), like),
    **dict.fromkeys((_aten.contiguous, _aten.zero_, _aten.fill_), like),
}
