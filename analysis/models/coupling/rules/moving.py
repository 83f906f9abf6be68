"""Elements that change their places, or are left out: labels move as they do."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..colours import Colours, along, axes, coloured, compact, whole
from ..labels import Labels
from .operation import Operation
from .pointwise import met


def moved(operation: Operation) -> list[Colours]:
    """Do with labels what was done with the elements."""
    return _done(operation, lambda full: operation.func(full, *operation.args[1:], **operation.kwargs))


def reshaped(operation: Operation) -> list[Colours]:
    """Do with labels what was done with the elements, whose layout in memory may be another."""
    return _done(operation, lambda full: full.reshape(operation.outputs[0].shape))


def _done(operation: Operation, act: Callable[[Tensor], Any]) -> list[Colours]:
    given: list[list[Tensor]] = [[] for _ in operation.outputs]
    for one in operation.of(operation.args[0]):
        labels = act(one.expand(operation.args[0].shape))
        for own, part in zip(given, labels if isinstance(labels, tuple | list) else [labels], strict=True):
            own.append(compact(part))
            if own[-1].numel() == 1:  # one channel by its place, which would be another's
                operation.labels.lock(one)
    return [coloured(own) for own in given]


def padded(operation: Operation) -> list[Colours]:
    """Give what is added along an axis of channels labels of its own."""
    sides = list(operation.args[1])
    ndim = operation.args[0].ndim
    around = {ndim - 1 - place: sides[2 * place : 2 * place + 2] for place in range(len(sides) // 2)}
    return [tuple(_padded(operation.labels, one, around) for one in operation.of(operation.args[0]))]


def _padded(labels: Labels, colouring: Tensor, around: dict[int, list[int]]) -> Tensor:
    for axis in axes(colouring) & around.keys():
        before, after = around[axis]
        moved_last = colouring.movedim(axis, -1)
        fresh = [labels.fresh(count).expand(*moved_last.shape[:-1], count) for count in map(abs, (before, after))]
        inside = moved_last if min(before, after) >= 0 else F.pad(moved_last, [min(before, 0), min(after, 0)])
        parts = [fresh[0][..., : max(before, 0)], inside, fresh[1][..., : max(after, 0)]]
        colouring = torch.cat(parts, -1).movedim(-1, axis)
    return colouring


def joined(operation: Operation) -> list[Colours]:
    """Put labels one after another along an axis; along the others, tensors must agree."""
    tensors = operation.args[0]
    axis = operation.argument(1, "dim", 0) % tensors[0].ndim
    return [_put(operation, tensors, axis)]


def stacked(operation: Operation) -> list[Colours]:
    """Let tensors agree that are put side by side."""
    tensors = operation.args[0]
    axis = operation.argument(1, "dim", 0) % (tensors[0].ndim + 1)
    agreed = met(operation.labels, [(tuple(t.shape), operation.of(t)) for t in tensors])
    return [tuple(one.unsqueeze(axis) for one in agreed)]


def _put(operation: Operation, tensors: list[Tensor], axis: int) -> Colours:
    labels = operation.labels
    own = [along(operation.of(tensor), axis) for tensor in tensors]
    others = [
        (_without(tensor.shape, axis), tuple(one for one in operation.of(tensor) if axis not in axes(one)))
        for tensor in tensors
    ]
    if all(one is None for one in own):
        return met(labels, others)
    full = [
        torch.full(tuple(tensor.shape), labels.fixed) if one is None else one.expand(tensor.shape)
        for tensor, one in zip(tensors, own, strict=True)
    ]
    chain = compact(torch.cat(full, axis))
    taken = axes(chain) - {axis}  # where labels depend on other axes as well, they are told there already
    rest = [(shape, whole(labels, colours, taken)) for shape, colours in others] if taken else others
    agreed = met(labels, [(_without(shape, *taken), colours) for shape, colours in rest])
    return (*coloured([chain]), *agreed)


def _without(shape: Any, *gone: int) -> tuple[int, ...]:
    return tuple(1 if axis in gone else side for axis, side in enumerate(shape))


_aten = torch.ops.aten
_MOVED = (
    *(_aten.permute, _aten.transpose, _aten.t, _aten.expand, _aten.slice, _aten.select, _aten.unsqueeze),
    *(_aten.squeeze, _aten.split, _aten.unsafe_split, _aten.split_with_sizes, _aten.chunk, _aten.unbind, _aten.roll),
    *(_aten.flip, _aten.repeat, _aten.pixel_shuffle, _aten.pixel_unshuffle, _aten.channel_shuffle, _aten.unfold),
    *(_aten.diagonal, _aten.movedim, _aten.unflatten, _aten.swapaxes, _aten.narrow),
)
RULES = {
    **dict.fromkeys(_MOVED, moved),
    **dict.fromkeys((_aten.view, _aten._unsafe_view, _aten.reshape, _aten.flatten, _aten._reshape_alias), reshaped),
    _aten.constant_pad_nd: padded,
    _aten.cat: joined,
    _aten.stack: stacked,
}
