"""DenseNets: every layer takes what all before it in its block gave, as torchvision names them [1]_.

All widths are read from the shapes; what a layer takes must be what those before it give.

References
----------
.. [1] G. Huang et al. Densely Connected Convolutional Networks. CVPR 2017, table 1.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.nonlinear import RELU
from ..parts.shapes import place, shapes_of, side
from ..parts.widths import Scale, scaled
from ..settings import Settings

_LAYER = re.compile(r"features\.denseblock([1-9])\.denselayer(\d+)\.conv1\.weight")
SETTINGS = Settings(
    holds={"activation": RELU, "act_layer": RELU, "global_pool": ("avg",)},
    shown=frozenset({"growth_rate", "block_config", "num_init_features", "bn_size", "memory_efficient"}),
    networks=r"(tv_)?densenet\d*",
)


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without stem, blocks and head."""
    shapes = shapes_of(specs)
    found = {(int(m[1]), int(m[2])) for name in shapes if (m := _LAYER.fullmatch(name))}
    counts = [sum(1 for b, _ in found if b == block) for block in range(1, 1 + max((b for b, _ in found), default=0))]
    classes, stem = side(shapes, "classifier.weight"), side(shapes, "features.conv0.weight")
    if not counts or 0 in counts or not classes or side(shapes, "features.conv0.weight", 2) != 7:
        return None
    names = [[f"features.denseblock{b}.denselayer{i}." for i in range(1, n + 1)] for b, n in enumerate(counts, 1)]
    layers = [[[side(shapes, f"{n}conv{part}.weight") for part in (1, 2)] for n in block] for block in names]
    transitions = [side(shapes, f"features.transition{b}.conv.weight") for b in range(1, len(counts))]
    channels = side(shapes, "features.conv0.weight", 1)
    depth = 2 * sum(counts) + len(counts) + 1
    config = {
        "depth": depth,
        "channels": channels,
        "stem": stem,
        "layers": layers,
        "transitions": transitions,
        "widths": transitions or [stem],
        "classes": classes,
    }
    ends = tuple(f"features.denseblock{block}" for block in range(1, len(counts) + 1))
    shape, sizes = (channels, 224, 224), Sizes(4 * 2 ** len(transitions) - 3)  # the stem halves twice and rounds up
    return Architecture("densenet", f"DenseNet-{depth}", config, classes, shape, "classifier", ends, sizes=sizes)


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member."""
    return scaled(config, scale, "stem", "layers", "transitions", "widths")


def build(architecture: Architecture) -> nn.Module:
    """Return the network: images (n, channels, height, width) to logits (n, classes)."""
    return DenseNet(architecture.config)


class DenseNet(nn.Module):
    """Stem, dense blocks with transitions between them, and a linear layer; ``config`` as `recognise` gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        width = config["stem"]
        place(self, "features.conv0", nn.Conv2d(config["channels"], width, 7, 2, 3, bias=False))
        place(self, "features.norm0", nn.BatchNorm2d(width))
        self._path: list[str] = []
        for number, layers in enumerate(config["layers"], 1):
            self._add(f"features.denseblock{number}", DenseBlock(width, layers))
            width += sum(after for _, after in layers)
            if number <= len(config["transitions"]):
                after = config["transitions"][number - 1]
                self._add(f"features.transition{number}", Transition(width, after))
                width = after
        place(self, "features.norm5", nn.BatchNorm2d(width))
        self.classifier = nn.Linear(width, config["classes"])

    def _add(self, name: str, module: nn.Module) -> None:
        place(self, name, module)
        self._path.append(name)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, channels, height, width)."""
        x = F.relu(self.get_submodule("features.norm0")(self.get_submodule("features.conv0")(x)))
        x = F.max_pool2d(x, 3, 2, 1)
        for part in self._path:
            x = self.get_submodule(part)(x)
        logits: Tensor = self.classifier(F.relu(self.get_submodule("features.norm5")(x)).mean((2, 3)))
        return logits


class DenseBlock(nn.Module):
    """Layers that each add channels to all that came before."""

    def __init__(self, width: int, layers: list[list[int]]) -> None:
        super().__init__()
        for number, (inner, after) in enumerate(layers, 1):
            self.add_module(f"denselayer{number}", DenseLayer(width, inner, after))
            width += after

    def forward(self, x: Tensor) -> Tensor:
        """Return the input's channels and those that every layer added."""
        for layer in self.children():
            x = torch.cat([x, layer(x)], 1)
        return x


class DenseLayer(nn.Module):
    """A 1×1 and a 3×3 convolution, each after norm and activation."""

    def __init__(self, before: int, inner: int, after: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(before), nn.Conv2d(before, inner, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(inner), nn.Conv2d(inner, after, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, after, height, width)."""
        x = self.conv1(F.relu(self.norm1(x)))
        added: Tensor = self.conv2(F.relu(self.norm2(x)))
        return added


class Transition(nn.Module):
    """Fewer channels, and half the resolution."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.norm, self.conv = nn.BatchNorm2d(before), nn.Conv2d(before, after, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, after, height / 2, width / 2)."""
        return F.avg_pool2d(self.conv(F.relu(self.norm(x))), 2)
