"""VGG networks: 3×3 convolutions in a row, with batch norm or without, and linear layers after them [1]_.

Tensors have the names of torchvision's, ``features.N`` and ``classifier.N``. Where the numbering skips a place, the
maps were halved there; after the last convolution they always are. The linear layers stand on a grid whose side follows
from their width. Every width is free.

References
----------
.. [1] K. Simonyan, A. Zisserman. Very Deep Convolutional Networks for Large-Scale Image Recognition. ICLR 2015,
   table 1.
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from math import isqrt
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.nonlinear import RELU
from ..parts.shapes import Shapes, place, shapes_of, side
from ..parts.widths import Scale, scaled
from ..settings import Settings

_CONV = re.compile(r"features\.(\d+)\.weight")
_LINEAR = re.compile(r"(?:classifier|fc|linear)(?:\.\d+)?\.weight")
SETTINGS = Settings(holds={"activation": RELU})


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without convolutions in a row and linear layers that fit them."""
    shapes = shapes_of(specs)
    places = sorted(int(m[1]) for n, shape in shapes.items() if len(shape) == 4 and (m := _CONV.fullmatch(n)))
    linear = [n.removesuffix(".weight") for n, shape in shapes.items() if len(shape) == 2 and _LINEAR.fullmatch(n)]
    if not places or not linear or any(side(shapes, f"features.{p}.weight", 2) != 3 for p in places):
        return None
    normed = f"features.{places[0] + 1}.running_mean" in shapes
    plan = _plan(places, 3 if normed else 2)
    last = side(shapes, f"features.{places[-1]}.weight")
    grid = isqrt(side(shapes, f"{linear[0]}.weight", 1) // last)
    if plan is None or not grid or not _chained(shapes, linear, last * grid * grid):
        return None
    halvings, classes = sum(plan), side(shapes, f"{linear[-1]}.weight")
    channels = side(shapes, f"features.{places[0]}.weight", 1)
    config = {
        "depth": len(places) + len(linear),
        "channels": channels,
        "places": places,
        "widths": [side(shapes, f"features.{place_}.weight") for place_ in places],
        "normed": normed,
        "bias": f"features.{places[0]}.bias" in shapes,
        "halved": plan,
        "grid": grid,
        "linear": linear,
        "sizes": [side(shapes, f"{name}.weight") for name in linear],
        "classes": classes,
    }
    pixels = max(grid, 1) * 2**halvings
    title = f"VGG-{len(places) + 3}{', batch norm' if normed else ''}{' (CIFAR)' if grid == 1 else ''}"
    ends = tuple(f"features.{p + (2 if normed else 1)}" for p, halved in zip(places, plan, strict=True) if halved)
    shape, sizes = (channels, pixels, pixels), Sizes(2**halvings)
    return Architecture("vgg", title, config, classes, shape, linear[-1], ends, sizes=sizes)


def _plan(places: list[int], step: int) -> list[bool] | None:
    """Return after which convolutions the maps are halved; None where the numbering tells something else."""
    gaps = [after - before for before, after in pairwise(places)]
    if places[0] != 0 or any(gap not in (step, step + 1) for gap in gaps):
        return None
    return [*(gap == step + 1 for gap in gaps), True]


def _chained(shapes: Shapes, linear: list[str], width: int) -> bool:
    for name in linear:
        if side(shapes, f"{name}.weight", 1) != width:
            return False
        width = side(shapes, f"{name}.weight")
    return True


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member."""
    *hidden, classes = config["sizes"]
    return scaled(config, scale, "widths") | {"sizes": [*map(scale, hidden), classes]}


def build(architecture: Architecture) -> nn.Module:
    """Return the network: images (n, channels, height, width) to logits (n, classes)."""
    return Vgg(architecture.config)


class Vgg(nn.Module):
    """Convolutions, halvings and linear layers; ``config`` as `recognise` gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self._linear, self._grid = config["linear"], config["grid"]
        self.features = nn.Sequential()
        before = config["channels"]
        for number, width in zip(config["places"], config["widths"], strict=True):
            self.features.add_module(str(number), nn.Conv2d(before, width, 3, padding=1, bias=config["bias"]))
            if config["normed"]:
                self.features.add_module(str(number + 1), nn.BatchNorm2d(width))
            self.features.add_module(str(number + 1 + config["normed"]), nn.ReLU())
            if config["halved"][config["places"].index(number)]:
                self.features.add_module(str(number + 2 + config["normed"]), nn.MaxPool2d(2))
            before = width
        width = before * self._grid**2
        for name, size in zip(self._linear, config["sizes"], strict=True):
            place(self, name, nn.Linear(width, size))
            width = size

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, channels, height, width)."""
        x = F.adaptive_avg_pool2d(self.features(x), self._grid).flatten(1)
        for name in self._linear:
            x = self.get_submodule(name)(x)
            if name != self._linear[-1]:
                x = F.relu(x)
        return x
