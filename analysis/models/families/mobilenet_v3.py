"""MobileNetV3, large and small, as torchvision names them [1]_.

Kernels, widths and which blocks squeeze and excite are read from the shapes; strides and activations are those of the
published networks, told apart by their 15 and 11 blocks.

References
----------
.. [1] A. Howard et al. Searching for MobileNetV3. ICCV 2019, tables 1 and 2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.convolution import ConvNorm, SqueezeExcite
from ..parts.residuals import added
from ..parts.shapes import Shapes, place, shapes_of, side
from ..parts.widths import Scale, scaled
from ..settings import Settings, is_list

_BLOCK = re.compile(r"features\.(\d+)\.block\.")
_EPSILON = 1e-3


@dataclass(frozen=True)
class _Kind:
    """Which blocks, counted from 1, halve the maps, and from which on the activation is the hard swish.

    ``narrowing`` is the one that changes the width alone, and ``published`` the channels after the stem and each block.
    """

    title: str
    halving: tuple[int, ...]
    swish_from: int
    narrowing: int
    published: tuple[int, ...]

    def stride(self, number: int) -> int:
        """Return the stride of a block."""
        return 2 if number in self.halving else 1


_LARGE = (16, 16, *2 * (24,), *3 * (40,), *4 * (80,), *2 * (112,), *3 * (160,))
_SMALL = (16, 16, *2 * (24,), *3 * (40,), *2 * (48,), *3 * (96,))
_KINDS = {15: _Kind("large", (2, 4, 7, 13), 7, 11, _LARGE), 11: _Kind("small", (1, 2, 4, 9), 4, 7, _SMALL)}
SETTINGS = Settings(reads={"adds": is_list})


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None unless there are 15 or 11 blocks between stem and head."""
    shapes = shapes_of(specs)
    numbers = {int(match[1]) for name in shapes if (match := _BLOCK.match(name))}
    blocks = len(numbers) if numbers == set(range(1, len(numbers) + 1)) else 0
    last, classes = side(shapes, f"features.{blocks + 1}.0.weight"), side(shapes, "classifier.3.weight")
    hidden = side(shapes, "classifier.0.weight")
    if blocks not in _KINDS or not last or not classes or not hidden:
        return None
    found = [_block(shapes, f"features.{number}.block.") for number in range(1, blocks + 1)]
    if any(block is None for block in found):
        return None
    kind, channels = _KINDS[blocks], side(shapes, "features.0.0.weight", 1)
    sides = [(b["widths"][0], b["widths"][-1], kind.stride(number)) for number, b in enumerate(found, 1) if b]
    adds, untold = added(sides, (kind.narrowing,), kind.published, metadata)
    config = {
        "depth": blocks,
        "channels": channels,
        "stem": side(shapes, "features.0.0.weight"),
        "blocks": found,
        "adds": adds,
        "widths": [block["widths"][-1] for block in found if block],
        "last": last,
        "hidden": hidden,
        "classes": classes,
    }
    ends = tuple(f"features.{number - 1}" for number in (*kind.halving, blocks + 1) if number > 2)
    title, shape = f"MobileNetV3 {kind.title}", (channels, 224, 224)
    kinds: dict[str, Any] = {"sizes": Sizes(), "untold": untold}
    return Architecture("mobilenet_v3", title, config, classes, shape, "classifier.3", ends, **kinds)


def _block(shapes: Shapes, name: str) -> dict[str, Any] | None:
    """Return a block's input, inner and output width, its kernel, and its squeezed width, 0 where it does not."""
    expands = side(shapes, f"{name}0.0.weight", 1) > 1
    filtered = f"{name}{int(expands)}.0.weight"
    squeezed = side(shapes, f"{name}{1 + expands}.fc1.weight")
    inner, kernel = side(shapes, filtered), side(shapes, filtered, 2)
    before = side(shapes, f"{name}0.0.weight", 1) if expands else inner
    after = side(shapes, f"{name}{1 + expands + (squeezed > 0)}.0.weight")
    if 0 in (before, inner, after, kernel):
        return None
    return {"widths": [before, inner, after], "kernel": kernel, "squeezed": squeezed, "expands": expands}


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member."""
    blocks = [scaled(block, scale, "widths", "squeezed") for block in config["blocks"]]
    return scaled(config, scale, "stem", "widths", "last", "hidden") | {"blocks": blocks}


def build(architecture: Architecture) -> nn.Module:
    """Return the network: images (n, channels, height, width) to logits (n, classes)."""
    return MobileNetV3(architecture.config)


class MobileNetV3(nn.Module):
    """Stem, inverted residuals, and two linear layers; ``config`` as `recognise` gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        blocks, kind = config["blocks"], _KINDS[config["depth"]]
        made = [
            Block(block, kind.stride(number), swish=number >= kind.swish_from, adds=number in config["adds"])
            for number, block in enumerate(blocks, 1)
        ]
        stem = ConvNorm(config["channels"], config["stem"], 3, 2, 1, F.hardswish, _EPSILON)
        last = ConvNorm(blocks[-1]["widths"][-1], config["last"], 1, 1, 1, F.hardswish, _EPSILON)
        self.features = nn.Sequential(stem, *made, last)
        place(self, "classifier.0", nn.Linear(config["last"], config["hidden"]))
        place(self, "classifier.3", nn.Linear(config["hidden"], config["classes"]))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, channels, height, width)."""
        first, second = (self.get_submodule(f"classifier.{number}") for number in (0, 3))
        logits: Tensor = second(F.hardswish(first(self.features(x).mean((2, 3)))))
        return logits


class Block(nn.Module):
    """Widen, filter each channel, perhaps weigh the channels, narrow; perhaps added to the input."""

    def __init__(self, block: Mapping[str, Any], stride: int, *, swish: bool, adds: bool) -> None:
        super().__init__()
        before, inner, after = block["widths"]
        activation = F.hardswish if swish else F.relu
        parts: list[nn.Module] = []
        if block["expands"]:
            parts.append(ConvNorm(before, inner, 1, 1, 1, activation, _EPSILON))
        parts.append(ConvNorm(inner, inner, block["kernel"], stride, inner, activation, _EPSILON))
        if block["squeezed"]:
            parts.append(SqueezeExcite(inner, block["squeezed"], F.relu, F.hardsigmoid))
        parts.append(ConvNorm(inner, after, 1, epsilon=_EPSILON))
        self.block = nn.Sequential(*parts)
        self._adds = adds

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, after, height / stride, width / stride)."""
        y: Tensor = self.block(x)
        return x + y if self._adds else y
