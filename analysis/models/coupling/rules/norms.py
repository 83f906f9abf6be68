"""Norms: what statistics are taken over must be whole."""

import torch
from torch import Tensor

from ..colours import Colours, coloured, compact, on_axis, whole
from .operation import Operation
from .pointwise import met


def batch(operation: Operation) -> list[Colours]:
    """Norm each channel by itself."""
    x, *others = operation.args[:5]
    return _first(operation, _scaled(operation, x, operation.of(x), [t for t in others if t is not None], 1))


def layer(operation: Operation) -> list[Colours]:
    """Norm the last axes, which stay: without one of their channels, the others would be others."""
    x, shape, *others = operation.args[:4]
    kept = whole(operation.labels, operation.of(x), range(x.ndim - len(shape), x.ndim))
    operands = [(tuple(x.shape), kept), *((tuple(t.shape), operation.of(t)) for t in others if t is not None)]
    return _first(operation, met(operation.labels, operands))


def group(operation: Operation) -> list[Colours]:
    """Norm groups of channels, which go whole."""
    x, *others = operation.args[:3]
    groups = operation.args[6]
    kept = [left for one in operation.of(x) for left in _in_groups(operation, one.expand(x.shape), groups)]
    tensors = [t for t in others if t is not None]
    return _first(operation, _scaled(operation, x, coloured(kept), tensors, 1))


def _in_groups(operation: Operation, full: Tensor, groups: int) -> Colours:
    """Return the labels of maps of which each group of channels goes whole."""
    inside = full.unflatten(1, (groups, -1))
    by_group = whole(operation.labels, coloured([compact(inside)]), range(2, inside.ndim))
    return coloured(compact(one.expand(inside.shape).flatten(1, 2)) for one in by_group)


def _scaled(operation: Operation, x: Tensor, colours: Colours, tensors: list[Tensor], axis: int) -> Colours:
    """Return the colours of maps whose channels are scaled by vectors."""
    one_axis = tuple(side if place == axis else 1 for place, side in enumerate(x.shape))
    vectors = [(one_axis, tuple(on_axis(one, axis, x.ndim) for one in operation.of(t))) for t in tensors]
    return met(operation.labels, [(tuple(x.shape), colours), *vectors])


def _first(operation: Operation, colours: Colours) -> list[Colours]:
    """Colour the first output; the others are statistics that evaluation does not use."""
    return [colours, *[()] * (len(operation.outputs) - 1)]


_aten = torch.ops.aten
_BATCH = (_aten.native_batch_norm, _aten._native_batch_norm_legit_no_training, _aten.cudnn_batch_norm)
RULES = {**dict.fromkeys(_BATCH, batch), _aten.native_layer_norm: layer, _aten.native_group_norm: group}
