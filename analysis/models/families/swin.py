"""Swin transformers: attention in windows, which shift from block to block, in stages of falling resolution [1]_.

Tensors have torchvision's names, timm's, or those of the paper's own code. Each block may have its own number of heads
and its own inner width, so that networks that were pruned inside their blocks are members too. Every second block of a
stage shifts its windows by half of their side, where the features are larger than a window.

References
----------
.. [1] Z. Liu et al. Swin Transformer: Hierarchical Vision Transformer using Shifted Windows. ICCV 2021.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import isqrt
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.nonlinear import GELU
from ..parts.shapes import Shapes, count, place, shapes_of, side
from ..parts.transformer import Attention, Perceptron
from ..parts.widths import Scale, scaled
from ..settings import Settings

_EPSILON = 1e-5
_BLOCKED = -100.0  # added to the scores of pairs that a window's shift brought together
_SPARE = (".relative_position_index", ".attn_mask")
_SIZES = {(96, 12): "T", (96, 24): "S", (128, 24): "B", (192, 24): "L"}  # by first width and number of blocks
SETTINGS = Settings(
    holds={"activation": GELU, "act_layer": GELU, "global_pool": ("avg",), "always_partition": (False,)},
    shown=frozenset(
        {"patch_size", "embed_dim", "depths", "num_heads", "head_dim", "window_size", "mlp_ratio", "qkv_bias"}
    ),
    networks=r"swin|swin_(tiny|small|base|large|s3_tiny|s3_small|s3_base)(_patch\d+_window\d+)?_\d+(_in22k)?",
)


class Names(NamedTuple):
    """Dotted names of a network's parts."""

    patches: str
    norm: str
    stages: tuple[str, ...]
    merges: tuple[str, ...]
    perceptron: tuple[str, str]
    head: str


def _names(naming: str, stages: int) -> Names:
    """Return the names of a network of so many stages, as ``torchvision``, ``timm`` or the ``paper`` gives them."""
    if naming == "torchvision":
        blocks = tuple(f"features.{2 * stage + 1}" for stage in range(stages))
        merges = tuple(f"features.{2 * stage}" for stage in range(1, stages))
        return Names("features.0.0", "features.0.2", blocks, merges, ("0", "3"), "head")
    blocks = tuple(f"layers.{stage}.blocks" for stage in range(stages))
    first = 1 if naming == "timm" else 0  # the paper's code merges where a stage ends, timm where the next one begins
    merges = tuple(f"layers.{stage}.downsample" for stage in range(first, first + stages - 1))
    head = "head.fc" if naming == "timm" else "head"
    return Names("patch_embed.proj", "patch_embed.norm", blocks, merges, ("fc1", "fc2"), head)


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without patches, stages of blocks, what merges between them, and head."""
    shapes = shapes_of(specs)
    naming, stages = _naming(shapes)
    names = _names(naming, stages)
    width, channels, patch = (side(shapes, f"{names.patches}.weight", axis) for axis in (0, 1, 2))
    blocks = [list(_blocks(shapes, stage, names.perceptron[0])) for stage in names.stages]
    classes = side(shapes, f"{names.head}.weight")
    if not (patch and classes and blocks and all(blocks)):
        return None
    config: dict[str, Any] = {
        "depth": sum(map(len, blocks)),
        "widths": [width, *(side(shapes, f"{merge}.reduction.weight") for merge in names.merges)],
        "channels": channels,
        "patch": patch,
        "blocks": blocks,
        "naming": naming,
        "classes": classes,
    }
    window = max(block["window"] for stage in blocks for block in stage)
    pixels = patch * window * 2 ** (stages - 1)
    spare = frozenset(name for name in shapes if name.endswith(_SPARE))
    title, shape = _title(width, config["depth"], window), (channels, pixels, pixels)
    kinds: dict[str, Any] = {"sizes": Sizes(patch), "spare": spare}
    return Architecture("swin", title, config, classes, shape, names.head, names.stages, **kinds)


def _naming(shapes: Shapes) -> tuple[str, int]:
    """Return whose names the parts have, and how many stages there are."""
    found = {int(name.split(".")[1]) for name in shapes if name.endswith(".0.attn.qkv.weight") and _numbered(name)}
    if "features.0.0.weight" in shapes:
        return "torchvision", len(found)
    return "timm" if "head.fc.weight" in shapes else "paper", len(found)


def _numbered(name: str) -> bool:
    return name.split(".")[0] in ("features", "layers") and name.split(".")[1].isdecimal()


def _blocks(shapes: Shapes, stage: str, widen: str) -> Iterator[dict[str, int]]:
    """Yield what tells a stage's blocks apart, up to the first that attention cannot be read from."""
    for number in range(count(shapes, rf"{stage.replace('.', '[.]')}[.](\d+)[.]attn[.]qkv[.]weight")):
        block = f"{stage}.{number}"
        area, heads = (side(shapes, f"{block}.attn.relative_position_bias_table", axis) for axis in (0, 1))
        head_dim = side(shapes, f"{block}.attn.qkv.weight") // max(3 * heads, 1)
        hidden = side(shapes, f"{block}.mlp.{widen}.weight")
        yield {"heads": heads, "head_dim": head_dim, "window": (isqrt(area) + 1) // 2, "hidden": hidden}


def _title(width: int, depth: int, window: int) -> str:
    size = _SIZES.get((width, depth))
    return f"Swin{f'-{size}' if size else ''}, {window}×{window} windows"


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member: fewer heads of the same size."""
    blocks = [[scaled(block, scale, "heads", "hidden") for block in stage] for stage in config["blocks"]]
    return scaled(config, scale, "widths") | {"blocks": blocks}


def build(architecture: Architecture) -> nn.Module:
    """Return the network: images (n, channels, height, width) to logits (n, classes)."""
    return SwinTransformer(architecture.config)


class SwinTransformer(nn.Module):
    """Patches, stages with a halving of the resolution between them, and one linear layer.

    Parameters
    ----------
    config : mapping of str to Any
        ``widths`` are the channels of each stage; ``blocks`` has, by stage, each block's heads, their size, the side of
        its windows and its inner width; ``naming`` says whose names the tensors have.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        widths, patch = config["widths"], config["patch"]
        self._names = names = _names(config["naming"], len(widths))
        place(self, names.patches, nn.Conv2d(config["channels"], widths[0], patch, patch))
        place(self, names.norm, nn.LayerNorm(widths[0], _EPSILON))
        for name, width, blocks in zip(names.stages, widths, config["blocks"], strict=True):
            stage = (Block(width, block, names.perceptron, shifts=at % 2 == 1) for at, block in enumerate(blocks))
            place(self, name, nn.Sequential(*stage))
        for name, (before, after) in zip(names.merges, pairwise(widths), strict=True):
            place(self, name, Merge(before, after))
        self.norm = nn.LayerNorm(widths[-1], _EPSILON)
        place(self, names.head, nn.Linear(widths[-1], config["classes"]))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, channels, height, width)."""
        names = self._names
        first, *later = names.stages
        between = (name for pair in zip(names.merges, later, strict=True) for name in pair)
        x = self.get_submodule(names.norm)(self.get_submodule(names.patches)(x).movedim(1, -1))
        for name in (first, *between):
            x = self.get_submodule(name)(x)
        logits: Tensor = self.get_submodule(names.head)(self.norm(x).mean((1, 2)))
        return logits


class Merge(nn.Module):
    """A norm and a linear map of each 2×2 neighbours."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * before, _EPSILON)
        self.reduction = nn.Linear(4 * before, after, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, height/2, width/2, after) from (n, height, width, before); odd sides are padded by zeros."""
        height, width = x.shape[1:3]
        x = F.pad(x, (0, 0, 0, width % 2, 0, height % 2))
        corners = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        merged: Tensor = self.reduction(self.norm(torch.cat(corners, -1)))
        return merged


class Block(nn.Module):
    """Attention in windows and a perceptron, each normalised first and added to its input."""

    def __init__(self, dim: int, block: Mapping[str, int], perceptron: tuple[str, str], *, shifts: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, _EPSILON), nn.LayerNorm(dim, _EPSILON)
        self.attn = WindowAttention(dim, block["heads"], block["head_dim"], block["window"], shifts=shifts)
        self.mlp = Perceptron(dim, block["hidden"], perceptron)

    def forward(self, x: Tensor) -> Tensor:
        """Return new features (n, height, width, dim)."""
        x = x + self.attn(self.norm1(x))
        mixed: Tensor = x + self.mlp(self.norm2(x))
        return mixed


class WindowAttention(Attention):
    """Self-attention among the features of each window, with a learnt bias for every way from one to another."""

    def __init__(self, dim: int, heads: int, head_dim: int, window: int, *, shifts: bool) -> None:
        super().__init__(dim, heads * head_dim, head_dim)
        self.window, self._shifts = window, shifts
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return new features (n, height, width, dim); sides that windows do not divide are padded by zeros."""
        height, width = x.shape[1:3]
        x = F.pad(x, (0, 0, 0, -width % self.window, 0, -height % self.window))
        size = (x.shape[1], x.shape[2])
        shifts = [self.window // 2 if self._shifts and self.window < side else 0 for side in size]
        x = torch.roll(x, [-shift for shift in shifts], (1, 2))
        tokens = super().forward(_windows(x, self.window), self._scores(x.shape[0], size, shifts))
        x = torch.roll(_whole(tokens, size, self.window), shifts, (1, 2))
        return x[:, :height, :width]

    def _scores(self, batch: int, size: tuple[int, int], shifts: list[int]) -> Tensor:
        """Return what is added to each pair's score, (batch · windows or 1, heads, window², window²)."""
        learnt = self._bias()[None]
        if not any(shifts):
            return learnt
        return (learnt + _blocked(size, shifts, self.window, learnt)).repeat(batch, 1, 1, 1)

    def _bias(self) -> Tensor:
        """Return the learnt bias of every pair in a window, (heads, window², window²)."""
        table = self.relative_position_bias_table
        places = torch.arange(self.window, device=table.device)
        rows, columns = (axis.flatten() for axis in torch.meshgrid(places, places, indexing="ij"))
        down, right = (axis[:, None] - axis + self.window - 1 for axis in (rows, columns))
        return table[down * (2 * self.window - 1) + right].movedim(2, 0)


def _windows(x: Tensor, window: int) -> Tensor:
    """Return the features (n · windows, window², dim) of (n, height, width, dim)."""
    x = x.unflatten(2, (-1, window)).unflatten(1, (-1, window))
    return x.transpose(2, 3).flatten(3, 4).flatten(0, 2)


def _whole(x: Tensor, size: tuple[int, int], window: int) -> Tensor:
    """Return the features (n, height, width, dim) of what `_windows` gave."""
    rows, columns = (side // window for side in size)
    x = x.unflatten(1, (window, window)).unflatten(0, (-1, rows, columns))
    return x.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def _blocked(size: tuple[int, int], shifts: list[int], window: int, like: Tensor) -> Tensor:
    """Return what keeps pairs apart that were not neighbours before the shift, (windows, 1, window², window²)."""
    rows, columns = (_regions(length, shift, window, like) for length, shift in zip(size, shifts, strict=True))
    regions = (3 * rows[:, None] + columns)[None, :, :, None]
    tokens = _windows(regions, window).squeeze(2)
    return torch.where(tokens[:, None, :, None] == tokens[:, None, None, :], 0.0, _BLOCKED)


def _regions(length: int, shift: int, window: int, like: Tensor) -> Tensor:
    """Return which of three regions each place along an axis is of: 0, 1 in the last window, 2 where shifted around."""
    places = torch.arange(length, device=like.device)
    wrapped = (places >= length - window).long() + (places >= length - shift).long()
    return wrapped if shift else torch.zeros_like(places)
