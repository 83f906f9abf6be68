"""What a layer's weights are multiplied with, as the rows of a matrix."""

import torch.nn.functional as F
from torch import Tensor, nn

from ..models.parts.attention import is_transposed

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d)


def is_seen(layer: nn.Module) -> bool:
    """Tell a layer whose inputs `rows` knows."""
    return isinstance(layer, _LAYERS) or is_transposed(layer)


def rows(layer: nn.Module, x: Tensor, real: Tensor | None) -> Tensor:
    """Return a layer's inputs as (groups, positions, inputs of an output), in the order of the weight's matrix.

    Parameters
    ----------
    layer : Module
        One that `is_seen`.
    x : Tensor
        What it is given.
    real : Tensor of bool or None
        Which tokens are no padding, (batch, tokens); only they count, where the layer is given tokens.
    """
    if isinstance(layer, nn.Conv1d):
        return _patches(_as_2d(layer), layer.groups, x.unsqueeze(2), layer.padding_mode)
    if isinstance(layer, nn.Conv2d):
        return _patches(_geometry(layer), layer.groups, x, layer.padding_mode)
    tokens = x[real] if real is not None and x.shape[:2] == real.shape else x
    return tokens.reshape(1, -1, x.shape[-1])


Geometry = dict[str, tuple[int, int]]


def _geometry(layer: nn.Conv2d) -> Geometry:
    height, width = layer.kernel_size
    down, right = layer.dilation
    if layer.padding == "same":
        padding = (down * (height - 1) // 2, right * (width - 1) // 2)
    else:
        padding = (0, 0) if isinstance(layer.padding, str) else _pair(layer.padding)
    return {
        "kernel_size": (height, width),
        "dilation": (down, right),
        "padding": padding,
        "stride": _pair(layer.stride),
    }


def _as_2d(layer: nn.Conv1d) -> Geometry:
    (width,), (right,), (step,) = layer.kernel_size, layer.dilation, layer.stride
    same = right * (width - 1) // 2
    padding = {"same": same, "valid": 0}[layer.padding] if isinstance(layer.padding, str) else layer.padding[0]
    return {"kernel_size": (1, width), "dilation": (1, right), "padding": (0, padding), "stride": (1, step)}


def _pair(sides: tuple[int, ...]) -> tuple[int, int]:
    first, second = sides
    return first, second


def _patches(geometry: Geometry, groups: int, x: Tensor, mode: str) -> Tensor:
    down, right = geometry["padding"]
    if mode != "zeros":
        x = F.pad(x, (right, right, down, down), mode=mode)
        geometry = {**geometry, "padding": (0, 0)}
    patches = F.unfold(x, **geometry)  # (batch, channels · kernel, positions)
    by_group: Tensor = patches.unflatten(1, (groups, -1))
    return by_group.permute(1, 0, 3, 2).flatten(1, 2)
