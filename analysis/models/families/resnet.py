"""Residual networks as torchvision and timm name them: basic and bottleneck blocks, wide ones and ResNeXt [1]_ [2]_.

A stem of 7×7 takes every second pixel and is followed by max pooling, for images of 224 pixels; one of 3×3 does
neither, for images of 32. Where a stage begins, the 3×3 convolution takes every second pixel. Widths inside blocks are
free, and groups are read from the shapes, so that pruned networks are members too.

References
----------
.. [1] K. He, X. Zhang, S. Ren, J. Sun. Deep Residual Learning for Image Recognition. CVPR 2016, table 1.
.. [2] S. Xie et al. Aggregated Residual Transformations for Deep Neural Networks. CVPR 2017.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.nonlinear import RELU
from ..parts.shapes import Shapes, place, shapes_of, side
from ..parts.widths import Scale, scaled
from ..settings import Settings

_CONV = re.compile(r"layer([1-9])\.(\d+)\.conv1\.weight")
_HEADS, _SHORTCUTS = ("fc", "linear"), ("downsample", "shortcut")
_BOTTLENECKS = {16: "50", 33: "101", 50: "152"}  # blocks to the name that the published networks have
_BASIC = {8: "18", 16: "34"}
SETTINGS = Settings(
    holds={
        "activation": RELU,
        "act_layer": RELU,
        "global_pool": ("avg",),
        "output_stride": (32,),
        "stem_type": ("",),
        "avg_down": (False,),
        "replace_stem_pool": (False,),
    },
    shown=frozenset(
        {"block", "layers", "channels", "stem_width", "cardinality", "base_width", "block_reduce_first"}
        | {"down_kernel_size"}
    ),
    networks=r"((tv|ig|ssl|swsl)_)?(resnet\d*|resnext\d+_\d+x\d+d|wide_resnet\d+_2)",
)


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without stem, blocks and head.

    Networks of basic blocks behind a 3×3 stem belong to the family of CIFAR ResNets.
    """
    shapes = shapes_of(specs)
    stages = _stages(shapes)
    head = next((name for name in _HEADS if f"{name}.weight" in shapes), None)
    kernel = side(shapes, "conv1.weight", 2)
    deep = "layer1.0.conv3.weight" in shapes
    if not stages or head is None or kernel not in (3, 7) or (kernel == 3 and not deep):
        return None
    shortcut = next((s for s in _SHORTCUTS if any(f".{s}.0.weight" in name for name in shapes)), _SHORTCUTS[0])
    blocks = [[_block(shapes, f"layer{s}.{b}.", shortcut) for b in range(count)] for s, count in enumerate(stages, 1)]
    if any(block is None for stage in blocks for block in stage) or not _halves_by_projection(blocks):
        return None
    classes, channels = side(shapes, f"{head}.weight"), side(shapes, "conv1.weight", 1)
    config = {
        "depth": sum(stages) * (3 if deep else 2) + 2,
        "channels": channels,
        "kernel": kernel,
        "stem": side(shapes, "conv1.weight"),
        "widths": [stage[-1]["widths"][-1] for stage in blocks if stage[-1]],
        "blocks": blocks,
        "shortcut": shortcut,
        "head": head,
        "classes": classes,
    }
    pixels = 224 if kernel == 7 else 32
    ends = tuple(f"layer{stage}" for stage in range(1, len(stages) + 1))
    shape = (channels, pixels, pixels)
    return Architecture("resnet", _title(config, deep), config, classes, shape, head, ends, sizes=Sizes())


def _stages(shapes: Shapes) -> list[int]:
    """Return how many blocks each stage has; nothing where one is missing."""
    found = {(int(match[1]), int(match[2])) for name in shapes if (match := _CONV.fullmatch(name))}
    counts = [sum(1 for s, _ in found if s == stage) for stage in range(1, 1 + max((s for s, _ in found), default=0))]
    whole = {(stage, block) for stage, count in enumerate(counts, 1) for block in range(count)}
    return counts if 0 not in counts and whole == found else []


def _block(shapes: Shapes, name: str, shortcut: str) -> dict[str, Any] | None:
    """Return a block's widths, from its input on, the groups of its 3×3 convolution, and whether it projects."""
    convolutions = [f"{name}conv{n}.weight" for n in (1, 2, 3) if f"{name}conv{n}.weight" in shapes]
    widths = [side(shapes, convolutions[0], 1), *(side(shapes, conv) for conv in convolutions)]
    middle = side(shapes, f"{name}conv2.weight", 1)
    if not middle or widths[1] % middle:
        return None
    projects = f"{name}{shortcut}.0.weight" in shapes
    if not projects and widths[0] != widths[-1]:
        return None
    return {"widths": widths, "groups": widths[1] // middle, "projects": projects}


def _halves_by_projection(blocks: list[list[dict[str, Any] | None]]) -> bool:
    """Return whether every stage but the first begins with a block whose shortcut can halve the maps."""
    firsts = [stage[0] for stage in blocks[1:]]
    return all(first is not None and first["projects"] for first in firsts)


def _title(config: Mapping[str, Any], deep: bool) -> str:
    blocks = config["blocks"]
    count, first = sum(map(len, blocks)), blocks[0][0]
    depth = (_BOTTLENECKS if deep else _BASIC).get(count, str(config["depth"]))
    size = " (CIFAR)" if config["kernel"] == 3 else ""
    if first["groups"] > 1:
        return f"ResNeXt-{depth}, {first['groups']} groups{size}"
    wide = deep and config["stem"] and first["widths"][1] == 2 * config["stem"]
    return f"{'Wide ' if wide else ''}ResNet-{depth}{size}"


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member, with as many groups."""
    blocks = [[_narrow_block(block, scale) for block in stage] for stage in config["blocks"]]
    return scaled(config, scale, "stem", "widths") | {"blocks": blocks}


def _narrow_block(block: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    before, *inner, after = block["widths"]
    return {**block, "widths": [scale(before), *map(scale.by(block["groups"]), inner), scale(after)]}


def build(architecture: Architecture) -> nn.Module:
    """Return the network: images (n, channels, height, width) to logits (n, classes)."""
    return ResNet(architecture.config)


class ResNet(nn.Module):
    """Stem, stages of residual blocks, and a linear layer; ``config`` as `recognise` gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        stem, kernel = config["stem"], config["kernel"]
        self._large = kernel == 7
        self.conv1 = nn.Conv2d(config["channels"], stem, kernel, 2 if self._large else 1, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        self._path = [f"layer{number}" for number in range(1, len(config["blocks"]) + 1)]
        for number, (name, blocks) in enumerate(zip(self._path, config["blocks"], strict=True)):
            strides = [2 if number and not index else 1 for index in range(len(blocks))]
            made = (Block(b, s, config["shortcut"]) for b, s in zip(blocks, strides, strict=True))
            self.add_module(name, nn.Sequential(*made))
        self._head = config["head"]
        self.add_module(self._head, nn.Linear(config["widths"][-1], config["classes"]))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, channels, height, width)."""
        x = F.relu(self.bn1(self.conv1(x)))
        if self._large:
            x = F.max_pool2d(x, 3, 2, 1)
        for stage in self._path:
            x = self.get_submodule(stage)(x)
        logits: Tensor = self.get_submodule(self._head)(x.mean((2, 3)))
        return logits


class Block(nn.Module):
    """Two 3×3 convolutions, or one between two of 1×1, and a shortcut around them."""

    def __init__(self, block: Mapping[str, Any], stride: int, shortcut: str) -> None:
        super().__init__()
        widths, groups = block["widths"], block["groups"]
        deep = len(widths) == 4
        kernels = (1, 3, 1) if deep else (3, 3)
        strides = (1, stride, 1) if deep else (stride, 1)
        sides = zip(widths, widths[1:], kernels, strides, strict=False)
        for number, (before, after, kernel, step) in enumerate(sides, 1):
            shared = groups if number == 2 else 1
            convolution = nn.Conv2d(before, after, kernel, step, kernel // 2, groups=shared, bias=False)
            self.add_module(f"conv{number}", convolution)
            self.add_module(f"bn{number}", nn.BatchNorm2d(after))
        self._count = len(kernels)
        self._shortcut = f"{shortcut}" if block["projects"] else ""
        if self._shortcut:
            place(self, f"{shortcut}.0", nn.Conv2d(widths[0], widths[-1], 1, stride, bias=False))
            place(self, f"{shortcut}.1", nn.BatchNorm2d(widths[-1]))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, widths[-1], height/stride, width/stride)."""
        y = x
        for number in range(1, self._count + 1):
            y = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(y))
            if number < self._count:
                y = F.relu(y)
        if self._shortcut:
            x = self.get_submodule(f"{self._shortcut}.1")(self.get_submodule(f"{self._shortcut}.0")(x))
        return F.relu(y + x)
