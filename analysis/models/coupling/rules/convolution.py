"""Convolutions: without groups, of each channel alone, and in groups."""

import torch
from torch import Tensor

from ..colours import Colours, along, axes, coloured, merged, on_axis, whole
from .contraction import contracted
from .operation import Operation, unknown
from .pointwise import met


def rule(operation: Operation) -> list[Colours]:
    """Join inputs with what the weight takes; outputs are the weight's."""
    x, weight, bias = operation.args[:3]
    turned, groups = operation.args[6], operation.args[8]
    if turned and groups > 1:
        return unknown(operation)
    labels, ndim = operation.labels, x.ndim
    maps = whole(labels, operation.of(x), range(2, ndim))
    kernel = whole(labels, operation.of(weight), range(2, ndim))
    left, right = (_grouped if groups > 1 else _joined)(operation, maps, kernel, groups)
    outputs = [on_axis(one.flatten(), 1, ndim) for one in right]
    given = merged(labels, [*left, *outputs])
    if bias is None:
        return [given]
    shape = tuple(operation.outputs[0].shape)
    shifts = tuple(on_axis(one, 1, ndim) for one in operation.of(bias))
    return [met(labels, [(shape, given), (tuple(1 if a != 1 else shape[1] for a in range(ndim)), shifts)])]


def _joined(operation: Operation, maps: Colours, kernel: Colours, groups: int) -> tuple[Colours, Colours]:
    turned = operation.args[6]
    return contracted(operation.labels, maps, 1, kernel, 0 if turned else 1)


def _grouped(operation: Operation, maps: Colours, kernel: Colours, groups: int) -> tuple[Colours, Colours]:
    """Let a channel's own outputs go with it; of groups of several, the same ones go in each."""
    labels, weight = operation.labels, operation.args[1]
    taken, given = along(maps, 1), along(kernel, 0)
    if taken is None or given is None or axes(taken) != {1}:
        return whole(labels, maps, {1}), whole(labels, kernel, {0, 1})
    rest = tuple(one for one in maps if one is not taken)
    alike = weight.shape[1] == 1
    by_group = taken.reshape(groups, -1), given.reshape(groups, -1)
    if alike:
        labels.join(*by_group)
        return rest, (given,)
    for one in by_group:
        labels.join(one, one[:1])
    inner = along(kernel, 1)
    if inner is not None:
        labels.join(by_group[0][0], inner.flatten())
    else:
        labels.lock(taken)
    return rest, (given,)


def pooled(operation: Operation) -> list[Colours]:
    """Let places go together, in maps whose channels stay what they are."""
    x: Tensor = operation.args[0]
    first = x.ndim - max(1, x.ndim - 2)
    kept = whole(operation.labels, operation.of(x), range(first, x.ndim))
    return [coloured(kept)] * len(operation.outputs)


_aten = torch.ops.aten
_POOLED = (
    *(_aten.max_pool2d_with_indices, _aten.max_pool2d, _aten.avg_pool2d, _aten._adaptive_avg_pool2d),
    *(_aten.adaptive_max_pool2d, _aten.avg_pool1d, _aten.max_pool1d, _aten._adaptive_avg_pool3d, _aten.avg_pool3d),
    *(_aten.upsample_nearest2d, _aten.upsample_bilinear2d, _aten.upsample_bicubic2d, _aten._upsample_bilinear2d_aa),
    *(_aten.reflection_pad2d, _aten.replication_pad2d, _aten._upsample_bicubic2d_aa),
)
RULES = {_aten.convolution: rule, **dict.fromkeys(_POOLED, pooled)}
