"""MobileNetV2: inverted residuals, as torchvision names them [1]_.

The strides leave no trace in the tensors; they are those of the published network, which has 17 blocks. Every width is
free, inside the blocks and between them.

References
----------
.. [1] M. Sandler et al. MobileNetV2: Inverted Residuals and Linear Bottlenecks. CVPR 2018, table 2.
"""

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.convolution import ConvNorm
from ..parts.nonlinear import RELU6
from ..parts.residuals import added
from ..parts.shapes import Shapes, place, shapes_of, side
from ..parts.widths import Scale, scaled
from ..settings import Settings, is_list

_BLOCKS = 17
_HALVING = (2, 4, 7, 14)  # blocks, counted from 1
_NARROWING = (1, 11, 17)
_PUBLISHED = (32, 16, *2 * (24,), *3 * (32,), *4 * (64,), *3 * (96,), *3 * (160,), 320)
SETTINGS = Settings(reads={"adds": is_list}, holds={"activation": RELU6})


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None unless there are 17 blocks between stem and head."""
    shapes = shapes_of(specs)
    blocks = [_widths(shapes, f"features.{number}.conv.") for number in range(1, _BLOCKS + 1)]
    last, classes = side(shapes, f"features.{_BLOCKS + 1}.0.weight"), side(shapes, "classifier.1.weight")
    if any(block is None for block in blocks) or not last or not classes:
        return None
    channels = side(shapes, "features.0.0.weight", 1)
    sides = [(block[0], block[2], _stride(number)) for number, block in enumerate(blocks, 1) if block]
    adds, untold = added(sides, _NARROWING, _PUBLISHED, metadata)
    config = {
        "depth": _BLOCKS,
        "channels": channels,
        "stem": side(shapes, "features.0.0.weight"),
        "blocks": blocks,
        "adds": adds,
        "widths": [block[-1] for number, block in enumerate(blocks, 1) if block and number + 1 in (*_HALVING, 18)],
        "last": last,
        "classes": classes,
    }
    ends = tuple(f"features.{number - 1}" for number in (*_HALVING, _BLOCKS + 1) if number > 2)
    shape = (channels, 224, 224)
    kinds: dict[str, Any] = {"sizes": Sizes(), "untold": untold}
    return Architecture("mobilenet_v2", "MobileNetV2", config, classes, shape, "classifier.1", ends, **kinds)


def _stride(number: int) -> int:
    return 2 if number in _HALVING else 1


def _widths(shapes: Shapes, name: str) -> list[int] | None:
    """Return a block's input, inner and output width."""
    if f"{name}2.weight" in shapes and f"{name}3.weight" in shapes:
        first, last = f"{name}0.0.weight", f"{name}2.weight"
        return [side(shapes, first, 1), side(shapes, first), side(shapes, last)]
    inner, after = side(shapes, f"{name}0.0.weight"), side(shapes, f"{name}1.weight")
    return [inner, inner, after] if inner and after else None


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member."""
    return scaled(config, scale, "stem", "blocks", "widths", "last")


def build(architecture: Architecture) -> nn.Module:
    """Return the network: images (n, channels, height, width) to logits (n, classes)."""
    return MobileNetV2(architecture.config)


class MobileNetV2(nn.Module):
    """Stem, inverted residuals, and a linear layer; ``config`` as `recognise` gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        blocks = config["blocks"]
        made = [
            InvertedResidual(block, _stride(number), expands=number > 1, adds=number in config["adds"])
            for number, block in enumerate(blocks, 1)
        ]
        stem = ConvNorm(config["channels"], config["stem"], 3, 2, activation=F.relu6)
        last = ConvNorm(blocks[-1][-1], config["last"], 1, activation=F.relu6)
        self.features = nn.Sequential(stem, *made, last)
        place(self, "classifier.1", nn.Linear(config["last"], config["classes"]))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, channels, height, width)."""
        logits: Tensor = self.get_submodule("classifier.1")(self.features(x).mean((2, 3)))
        return logits


class InvertedResidual(nn.Module):
    """Widen, filter each channel, narrow; perhaps added to the input."""

    def __init__(self, widths: list[int], stride: int, *, expands: bool, adds: bool) -> None:
        super().__init__()
        before, inner, after = widths
        parts: list[nn.Module] = [ConvNorm(before, inner, 1, activation=F.relu6)] if expands else []
        parts.append(ConvNorm(inner, inner, 3, stride, groups=inner, activation=F.relu6))
        parts += [nn.Conv2d(inner, after, 1, bias=False), nn.BatchNorm2d(after)]
        self.conv = nn.Sequential(*parts)
        self._adds = adds

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, after, height / stride, width / stride)."""
        y: Tensor = self.conv(x)
        return x + y if self._adds else y
