"""Sums, means, maxima and shares over axes, which must be whole."""

import torch

from ..colours import Colours, whole
from .operation import Operation


def reduced(operation: Operation) -> list[Colours]:
    """Leave the axes out that are summed over."""
    x = operation.args[0]
    gone = _dims(operation.argument(1, "dim"), x.ndim)
    kept = whole(operation.labels, operation.of(x), gone)
    if operation.outputs[0].ndim == x.ndim:
        return [kept] * len(operation.outputs)
    sides = [axis for axis in range(x.ndim) if axis not in gone]
    return [tuple(one.reshape([one.shape[axis] for axis in sides]) for one in kept)] * len(operation.outputs)


def shared(operation: Operation) -> list[Colours]:
    """Keep the shape, of what is compared along an axis."""
    x = operation.args[0]
    return [whole(operation.labels, operation.of(x), _dims(operation.argument(1, "dim"), x.ndim))]


def _dims(told: int | list[int] | None, ndim: int) -> set[int]:
    dims = range(ndim) if told is None or told == [] else [told] if isinstance(told, int) else told
    return {axis % ndim for axis in dims}


_aten = torch.ops.aten
RULES = {
    **dict.fromkeys((_aten.mean, _aten.sum, _aten.amax, _aten.amin, _aten.var, _aten.logsumexp), reduced),
    **dict.fromkeys((_aten._softmax, _aten._log_softmax, _aten._safe_softmax, _aten.cumsum), shared),
}
