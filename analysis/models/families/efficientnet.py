"""EfficientNet B0 to B7: inverted residuals that squeeze and excite, as torchvision names them [1]_.

Kernels and widths are read from the shapes; strides, and the epsilon of batch norm, which is larger from B5 on, are
those of the published networks.

References
----------
.. [1] M. Tan, Q. Le. EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks. ICML 2019, table 1.
"""

from collections.abc import Mapping
from itertools import count as count_from
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.convolution import ConvNorm, SqueezeExcite
from ..parts.nonlinear import SILU
from ..parts.residuals import added
from ..parts.shapes import Shapes, count, place, shapes_of, side
from ..parts.widths import Scale, scaled
from ..settings import Settings, is_list

_STRIDES = (1, 2, 2, 2, 1, 2, 1)  # of the first block of each stage
# Blocks and stem width to the name, and the side of its images.
_PUBLISHED = {
    (16, 32): ("B0", 224),
    (23, 32): ("B1", 240),
    (26, 40): ("B3", 300),
    (32, 48): ("B4", 380),
    (39, 48): ("B5", 456),
    (45, 56): ("B6", 528),
    (55, 64): ("B7", 600),
}
_WIDTHS = (16, 24, 40, 80, 112, 192, 320)  # of the stages of B0, whose stem has 32
_LATE = 39  # blocks from which the published networks have the larger epsilon
SETTINGS = Settings(reads={"adds": is_list}, holds={"activation": SILU})


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without stem, seven stages and head."""
    shapes = shapes_of(specs)
    counts = [count(shapes, rf"features[.]{stage}[.](\d+)[.]block[.]0[.]0[.]weight") for stage in range(1, 8)]
    classes, stem = side(shapes, "classifier.1.weight"), side(shapes, "features.0.0.weight")
    last = side(shapes, "features.8.0.weight")
    if 0 in counts or not classes or not last:
        return None
    stages = [[_block(shapes, f"features.{s}.{b}.block.") for b in range(n)] for s, n in enumerate(counts, 1)]
    if any(block is None for stage in stages for block in stage):
        return None
    channels, depth = side(shapes, "features.0.0.weight", 1), sum(counts)
    adds, untold = _added(stages, metadata)
    config = {
        "depth": depth,
        "channels": channels,
        "stem": stem,
        "stages": stages,
        "adds": adds,
        "widths": [stage[-1]["widths"][-1] for stage in stages if stage[-1]],
        "last": last,
        "epsilon": 1e-3 if depth >= _LATE else 1e-5,
        "classes": classes,
    }
    name, pixels = _PUBLISHED.get((depth, stem), (f"{depth}", 224))
    if (depth, stem, last) == (23, 32, 1408):
        name, pixels = "B2", 288
    ends = tuple(f"features.{stage}" for stage in range(1, 8))
    title, shape = f"EfficientNet-{name}", (channels, pixels, pixels)
    kinds: dict[str, Any] = {"sizes": Sizes(), "untold": untold}
    return Architecture("efficientnet", title, config, classes, shape, "classifier.1", ends, **kinds)


def _added(stages: list[list[Any]], metadata: Mapping[str, Any]) -> tuple[list[int], str]:
    """Return `added` of all blocks; the first of a stage changes the width."""
    blocks = [
        (block["widths"], 1 if number else stride, not number)
        for stage, stride in zip(stages, _STRIDES, strict=True)
        for number, block in enumerate(stage)
    ]
    narrowing = [number for number, (_, _, first) in enumerate(blocks, 1) if first]
    published = [32, *(width for width, stage in zip(_WIDTHS, stages, strict=True) for _ in stage)]
    return added([(widths[0], widths[-1], stride) for widths, stride, _ in blocks], narrowing, published, metadata)


def _block(shapes: Shapes, name: str) -> dict[str, Any] | None:
    """Return a block's input, inner and output width, its kernel and its squeezed width."""
    expands = f"{name}3.0.weight" in shapes
    first, filtered = f"{name}0.0.weight", f"{name}{int(expands)}.0.weight"
    squeeze = f"{name}{1 + expands}.fc1.weight"
    inner = side(shapes, filtered)
    widths = [side(shapes, first, 1) if expands else inner, inner, side(shapes, f"{name}{2 + expands}.0.weight")]
    kernel, squeezed = side(shapes, filtered, 2), side(shapes, squeeze)
    if 0 in (*widths, kernel, squeezed):
        return None
    return {"widths": widths, "kernel": kernel, "squeezed": squeezed, "expands": expands}


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member."""
    stages = [[scaled(block, scale, "widths", "squeezed") for block in stage] for stage in config["stages"]]
    return scaled(config, scale, "stem", "widths", "last") | {"stages": stages}


def build(architecture: Architecture) -> nn.Module:
    """Return the network: images (n, channels, height, width) to logits (n, classes)."""
    return EfficientNet(architecture.config)


class EfficientNet(nn.Module):
    """Stem, seven stages, and a linear layer; ``config`` as `recognise` gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        epsilon, stages = config["epsilon"], config["stages"]
        parts: list[nn.Module] = [ConvNorm(config["channels"], config["stem"], 3, 2, 1, F.silu, epsilon)]
        places = count_from(1)
        for stage, stride in zip(stages, _STRIDES, strict=True):
            strides = [stride, *(1 for _ in stage[1:])]
            adds = [next(places) in config["adds"] for _ in stage]
            made = (Block(b, s, epsilon, adds=a) for b, s, a in zip(stage, strides, adds, strict=True))
            parts.append(nn.Sequential(*made))
        parts.append(ConvNorm(stages[-1][-1]["widths"][-1], config["last"], 1, 1, 1, F.silu, epsilon))
        self.features = nn.Sequential(*parts)
        place(self, "classifier.1", nn.Linear(config["last"], config["classes"]))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, channels, height, width)."""
        logits: Tensor = self.get_submodule("classifier.1")(self.features(x).mean((2, 3)))
        return logits


class Block(nn.Module):
    """Widen, filter each channel, weigh the channels, narrow; perhaps added to the input."""

    def __init__(self, block: Mapping[str, Any], stride: int, epsilon: float, *, adds: bool) -> None:
        super().__init__()
        before, inner, after = block["widths"]
        parts: list[nn.Module] = [ConvNorm(before, inner, 1, 1, 1, F.silu, epsilon)] if block["expands"] else []
        parts.append(ConvNorm(inner, inner, block["kernel"], stride, inner, F.silu, epsilon))
        parts.append(SqueezeExcite(inner, block["squeezed"], F.silu, torch.sigmoid))
        parts.append(ConvNorm(inner, after, 1, epsilon=epsilon))
        self.block = nn.Sequential(*parts)
        self._adds = adds

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, after, height / stride, width / stride)."""
        y: Tensor = self.block(x)
        return x + y if self._adds else y
