"""The demo's residual networks in plain float64, by their tensors alone."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

Tensors = Mapping[str, "Tensor"]
POINT = "the network in plain float64, with the same random draws"


def features(tensors: Tensors, x: "Tensor") -> "Tensor":
    """Return the input of the linear layer, (samples, width)."""
    x = normalised(tensors, "bn1", convolved(tensors, "conv1", x, 1)).relu()
    for block, stride in blocks(tensors):
        y = normalised(tensors, f"{block}.bn1", convolved(tensors, f"{block}.conv1", x, stride)).relu()
        y = normalised(tensors, f"{block}.bn2", convolved(tensors, f"{block}.conv2", y, 1))
        x = (y + around(x, y.shape[1], stride)).relu()
    return x.mean((2, 3))


def scores(tensors: Tensors, x: "Tensor") -> "Tensor":
    """Return the logits, (samples, classes)."""
    return features(tensors, x) @ tensors["linear.weight"].T + tensors["linear.bias"]


def blocks(tensors: Tensors) -> list[tuple[str, int]]:
    names = sorted({name.removesuffix(".conv1.weight") for name in tensors if name.endswith(".conv1.weight")})
    return [(name, 2 if name.endswith(".0") and not name.startswith("layer1") else 1) for name in names]


def convolved(tensors: Tensors, name: str, x: "Tensor", stride: int) -> "Tensor":
    from torch.nn import functional as F

    return F.conv2d(x, tensors[f"{name}.weight"], stride=stride, padding=1)


def normalised(tensors: Tensors, name: str, x: "Tensor") -> "Tensor":
    weight, bias, mean, variance = (
        tensors[f"{name}.{part}"].view(1, -1, 1, 1) for part in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / (variance + 1e-5).sqrt() * weight + bias


def around(x: "Tensor", channels: int, stride: int) -> "Tensor":
    """Return the shortcut: every other pixel, between as many channels of zeros."""
    x = x[:, :, ::stride, ::stride]
    extra = (channels - x.shape[1]) // 2
    empty = x.new_zeros(len(x), extra, *x.shape[2:])
    import torch

    return torch.cat([empty, x, empty], 1)


def order(tensors: Tensors) -> list[str]:
    """Return the parameters in the order of the network's modules, in which directions are drawn."""
    layers = [("conv1", "bn1", "")] + [
        (f"conv{number}", f"bn{number}", f"{block}.") for block, _ in blocks(tensors) for number in (1, 2)
    ]
    inner = (
        name
        for convolution, norm, place in layers
        for name in (f"{place}{convolution}.weight", f"{place}{norm}.weight", f"{place}{norm}.bias")
    )
    return [*inner, "linear.weight", "linear.bias"]
