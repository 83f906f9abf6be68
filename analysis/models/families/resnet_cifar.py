"""Residual networks for small images: a 3×3 stem, stages of basic blocks, and one linear layer.

The depth of a network of three stages is 6n + 2 [1]_. Shortcuts where a stage begins are without parameters (option A:
every second pixel, zeros for the new channels) or projections (option B). The width inside each block is free, so that
networks whose inner channels were pruned are members too. Where zeros go leaves no trace in shapes: in the published
networks stages double the channels, and half of the zeros come before; in others it must be told, as ``padding``.

References
----------
.. [1] K. He, X. Zhang, S. Ren, J. Sun. Deep Residual Learning for Image Recognition. CVPR 2016, section 4.2.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.nonlinear import RELU
from ..parts.widths import Scale, scaled
from ..settings import Settings, is_list
from ..told import told

_BLOCK = re.compile(r"layer([1-9]\d?)\.(0|[1-9]\d*)\.conv1\.weight")
_PROJECTIONS = ("shortcut", "downsample")
_HEADS = ("linear", "fc")
SETTINGS = Settings(reads={"padding": is_list}, holds={"activation": RELU})
_SIDE = 32  # no shape tells the image's size: the features are averaged over all places


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture, for images of 32×32 pixels; None without stem, blocks and head."""
    stem, head = _shape(specs, "conv1"), next((name for name in _HEADS if _shape(specs, name)), None)
    hidden = _hidden(specs)
    if head is None or len(stem) != 4 or stem[2:] != (3, 3) or not hidden:
        return None
    widths = [width for stage in range(len(hidden)) for width in _shape(specs, f"layer{stage + 1}.0.conv2")[:1]]
    shortcut, sides = _shortcut(specs), list(pairwise([stem[0], *widths]))
    if len(sides) < len(hidden) or (shortcut is None and any(after < before for before, after in sides)):
        return None
    config = {
        "depth": 2 * sum(map(len, hidden)) + 2,
        "channels": stem[1],
        "stem": stem[0],
        "widths": widths,
        "hidden": hidden,
        "shortcut": shortcut,
        "padding": None if shortcut else _padding(stem[0], widths, metadata),
        "head": head,
        "classes": _shape(specs, head)[0],
    }
    return replace(_architecture(config, _settled(config, metadata)), unheeded=_otherwise_padded(config, metadata))


def _architecture(config: Mapping[str, Any], settled: bool) -> Architecture:
    stages = tuple(f"layer{stage}" for stage in range(1, len(config["hidden"]) + 1))
    return Architecture(
        "resnet_cifar",
        f"ResNet-{config['depth']} (CIFAR)",
        config,
        config["classes"],
        (config["channels"], _SIDE, _SIDE),
        config["head"],
        stages,
        sizes=Sizes(),
        untold="" if settled else "nothing tells where its shortcuts put zeros",
    )


def _padding(stem: int, widths: list[int], metadata: Mapping[str, Any]) -> list[int]:
    """Return how many zero channels come first at the beginning of each stage: as told, or else half of them."""
    extra = [after - before for before, after in pairwise([stem, *widths])]
    found = told(metadata, "padding")
    fits = isinstance(found, list) and len(found) == len(extra)
    if fits and all(type(first) is int and 0 <= first <= more for first, more in zip(found, extra, strict=True)):
        return list(found)
    return [more // 2 for more in extra]


def _otherwise_padded(config: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return where zeros go, where that is told and does not fit the widths."""
    found = told(metadata, "padding")
    return {"padding": found} if config["padding"] is not None and found not in (None, config["padding"]) else {}


def _settled(config: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    """Return whether the shortcuts are told: by themselves, by the file, or by widths as they are published."""
    first, *later = pairwise([config["stem"], *config["widths"]])
    published = first[0] == first[1] and all(after == 2 * before for before, after in later)
    is_told = config["shortcut"] is not None or told(metadata, "padding") == config["padding"]
    return is_told or published or _drawn_here(metadata)


def _drawn_here(metadata: Mapping[str, Any]) -> bool:
    """Return whether this program drew the widths, when it did not say yet where zeros go: half of them before."""
    operation = told(metadata, "operation")
    return isinstance(operation, Mapping) and operation.get("method") == "retrain.scratch"


def _shape(specs: Mapping[str, TensorSpec], module: str) -> tuple[int, ...]:
    spec = specs.get(f"{module}.weight")
    return spec.shape if spec else ()


def _hidden(specs: Mapping[str, TensorSpec]) -> list[list[int]]:
    """Return the inner width of every block, by stage; empty where stages or blocks are numbered with gaps."""
    found: dict[tuple[int, int], int] = {}
    for name, spec in specs.items():
        if spec.shape and (match := _BLOCK.fullmatch(name)):
            found[int(match[1]), int(match[2])] = spec.shape[0]
    counts = [sum(1 for s, _ in found if s == stage) for stage in range(1, 1 + max((s for s, _ in found), default=0))]
    expected = [[(stage, block) for block in range(count)] for stage, count in enumerate(counts, start=1)]
    if 0 in counts or {key for stage in expected for key in stage} != set(found):
        return []
    return [[found[key] for key in stage] for stage in expected]


def _shortcut(specs: Mapping[str, TensorSpec]) -> str | None:
    return next((p for p in _PROJECTIONS if any(f".0.{p}.0.weight" in name for name in specs)), None)


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member."""
    narrower = scaled(config, scale, "stem", "widths", "hidden")
    padding = None if config["shortcut"] else _padding(narrower["stem"], narrower["widths"], {})
    return narrower | {"padding": padding}


def build(architecture: Architecture) -> nn.Module:
    """Return the network: images (n, channels, height, width) to logits (n, classes)."""
    return CifarResNet(**{key: value for key, value in architecture.config.items() if key != "depth"})


class CifarResNet(nn.Module):
    """A residual network of basic blocks; each stage after the first halves the resolution.

    Parameters
    ----------
    channels, stem, classes : int
        Channels of the input and of the first convolution; outputs.
    widths : list of int
        Channels that each stage gives.
    hidden : list of list of int
        Channels inside each block, by stage.
    shortcut : str or None
        Name of the projections; None for shortcuts without parameters.
    head : str
        Name of the linear layer.
    padding : list of int or None
        How many zero channels shortcuts without parameters put first, by stage; None for half of them.
    """

    def __init__(
        self,
        channels: int,
        stem: int,
        widths: list[int],
        hidden: list[list[int]],
        shortcut: str | None,
        head: str,
        classes: int,
        padding: list[int] | None = None,
    ) -> None:
        super().__init__()
        self.conv1 = _conv3(channels, stem)
        self.bn1 = nn.BatchNorm2d(stem)
        self._path = [f"layer{stage}" for stage in range(1, len(widths) + 1)]
        for stage, (before, after) in enumerate(pairwise([stem, *widths])):
            stride, first = 2 if stage else 1, padding[stage] if padding else (after - before) // 2
            around = _around(before, after, stride, shortcut, first)
            self.add_module(self._path[stage], _stage(before, hidden[stage], after, stride, shortcut, around))
        self._head = head
        self.add_module(head, nn.Linear(widths[-1], classes))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, channels, height, width)."""
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in self._path:
            x = self.get_submodule(stage)(x)
        logits: Tensor = self.get_submodule(self._head)(x.mean((2, 3)))
        return logits


class Block(nn.Module):
    """Two 3×3 convolutions and a shortcut around them."""

    def __init__(
        self, before: int, hidden: int, after: int, stride: int, shortcut: str | None, around: nn.Module
    ) -> None:
        super().__init__()
        self.conv1 = _conv3(before, hidden, stride)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.conv2 = _conv3(hidden, after)
        self.bn2 = nn.BatchNorm2d(after)
        self._shortcut = shortcut or "shortcut"
        self.add_module(self._shortcut, around)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, after, height/stride, width/stride) from (n, before, height, width)."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + self.get_submodule(self._shortcut)(x))


class PaddedSubsample(nn.Module):
    """Shortcut without parameters: every ``stride``-th pixel, and zero channels before and after its own."""

    def __init__(self, stride: int, before: int, after: int) -> None:
        super().__init__()
        self.stride, self.before, self.after = stride, before, after

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, before + channels + after, height/stride, width/stride)."""
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.before, self.after))


def _stage(
    before: int, hidden: list[int], after: int, stride: int, shortcut: str | None, around: nn.Module
) -> nn.Sequential:
    first = Block(before, hidden[0], after, stride, shortcut, around)
    return nn.Sequential(first, *(Block(after, inner, after, 1, shortcut, nn.Identity()) for inner in hidden[1:]))


def _around(before: int, after: int, stride: int, shortcut: str | None, zeros: int) -> nn.Module:
    """Return the shortcut of a stage's first block; one without parameters puts so many zeros first."""
    if stride == 1 and before == after:
        return nn.Identity()
    if shortcut is None:
        return PaddedSubsample(stride, zeros, after - before - zeros)
    return nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))


def _conv3(before: int, after: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
