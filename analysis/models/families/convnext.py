"""ConvNeXt: residual networks with the proportions of transformers, as torchvision names them [1]_.

Inner widths are free.

References
----------
.. [1] Z. Liu et al. A ConvNet for the 2020s. CVPR 2022, figure 4.
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.nonlinear import GELU
from ..parts.shapes import count, place, shapes_of, side
from ..parts.widths import Scale, scaled
from ..settings import Settings

_EPSILON = 1e-6
_SIZES = {(96, 9): "Tiny", (96, 27): "Small", (128, 27): "Base", (192, 27): "Large"}
SETTINGS = Settings(holds={"activation": GELU})


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without stem, four stages and head."""
    shapes = shapes_of(specs)
    counts = [count(shapes, rf"features[.]{stage}[.](\d+)[.]layer_scale") for stage in (1, 3, 5, 7)]
    classes, patch = side(shapes, "classifier.2.weight"), side(shapes, "features.0.0.weight", 2)
    if 0 in counts or not classes or not patch:
        return None
    widths = [side(shapes, f"features.{stage}.0.layer_scale") for stage in (1, 3, 5, 7)]
    hidden = [
        [side(shapes, f"features.{stage}.{block}.block.3.weight") for block in range(blocks)]
        for stage, blocks in zip((1, 3, 5, 7), counts, strict=True)
    ]
    channels = side(shapes, "features.0.0.weight", 1)
    config = {
        "depth": sum(counts),
        "channels": channels,
        "patch": patch,
        "widths": widths,
        "hidden": hidden,
        "classes": classes,
    }
    title = f"ConvNeXt-{_SIZES.get((widths[0], counts[2]), f'{sum(counts)}, {widths[0]} wide')}"
    ends = tuple(f"features.{stage}" for stage in (1, 3, 5, 7))
    shape, sizes = (channels, 224, 224), Sizes(patch * 2 ** (len(widths) - 1))
    return Architecture("convnext", title, config, classes, shape, "classifier.2", ends, sizes=sizes)


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member."""
    return scaled(config, scale, "widths", "hidden")


def build(architecture: Architecture) -> nn.Module:
    """Return the network: images (n, channels, height, width) to logits (n, classes)."""
    return ConvNeXt(architecture.config)


class ConvNeXt(nn.Module):
    """Patches, four stages with halvings between them, and a linear layer; ``config`` as `recognise` gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        widths, patch = config["widths"], config["patch"]
        parts: list[nn.Module] = [
            nn.Sequential(nn.Conv2d(config["channels"], widths[0], patch, patch), ChannelNorm(widths[0]))
        ]
        for stage, (width, hidden) in enumerate(zip(widths, config["hidden"], strict=True)):
            parts.append(nn.Sequential(*(Block(width, inner) for inner in hidden)))
            if stage + 1 < len(widths):
                parts.append(nn.Sequential(ChannelNorm(width), nn.Conv2d(width, widths[stage + 1], 2, 2)))
        self.features = nn.Sequential(*parts)
        place(self, "classifier.0", ChannelNorm(widths[-1]))
        place(self, "classifier.2", nn.Linear(widths[-1], config["classes"]))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, channels, height, width)."""
        x = self.get_submodule("classifier.0")(F.adaptive_avg_pool2d(self.features(x), 1))
        logits: Tensor = self.get_submodule("classifier.2")(x.flatten(1))
        return logits


class Block(nn.Module):
    """A 7×7 filter on each channel, then a perceptron at each place, scaled and added to the input."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.layer_scale = nn.Parameter(torch.full((width, 1, 1), 1e-6))
        place(self, "block.0", nn.Conv2d(width, width, 7, padding=3, groups=width))
        place(self, "block.2", nn.LayerNorm(width, _EPSILON))
        place(self, "block.3", nn.Linear(width, hidden))
        place(self, "block.5", nn.Linear(hidden, width))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, width, height, width)."""
        filtered, norm, widen, narrow = (self.get_submodule(f"block.{part}") for part in (0, 2, 3, 5))
        y = norm(filtered(x).permute(0, 2, 3, 1))
        mixed: Tensor = narrow(F.gelu(widen(y))).permute(0, 3, 1, 2)
        return x + self.layer_scale * mixed


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of maps."""

    def __init__(self, width: int) -> None:
        super().__init__(width, _EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Return maps (n, width, height, width) of the same shape."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
