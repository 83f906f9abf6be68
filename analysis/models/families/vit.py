"""Plain vision transformers: patches, a class token, learnt positions, blocks that normalise first, and a linear head.

Tensors have the names that ViT [1]_ and DeiT [2]_ checkpoints are published under. Each block may have its own number
of heads and its own inner width, so that networks that were pruned inside their blocks are members too.

References
----------
.. [1] A. Dosovitskiy et al. An Image is Worth 16x16 Words. ICLR 2021.
.. [2] H. Touvron et al. Training data-efficient image transformers & distillation through attention. ICML 2021.
"""

import re
from collections.abc import Mapping
from math import isqrt
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..architecture import Architecture, TensorSpec

_BLOCK = re.compile(r"blocks\.(0|[1-9]\d*)\.attn\.qkv\.weight")
_HEAD_DIM = 64  # that of the published networks
_NORM_EPSILON = 1e-6
_SIZES = {192: "Ti", 384: "S", 768: "B", 1024: "L", 1280: "H"}


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without patches, positions, blocks and head.

    The number of heads leaves no trace in the shapes. It is what the metadata says, else one for every 64 channels,
    else a guess: as many as make the head's size the divisor of the width that is nearest to 64.
    """
    shapes = {name: spec.shape for name, spec in specs.items()}
    depth = sum(1 for name in shapes if _BLOCK.fullmatch(name))
    match shapes.get("patch_embed.proj.weight"), shapes.get("pos_embed"), shapes.get("head.weight"):
        case (dim, channels, patch, _), (1, tokens, _), (classes, _) if depth and tokens > 1:
            grid = isqrt(tokens - 1)
        case _:
            return None
    head_dim = dim // _heads(dim, metadata)
    inner = [_rows(shapes, f"blocks.{index}.attn.qkv.weight") // 3 for index in range(depth)]
    hidden = [_rows(shapes, f"blocks.{index}.mlp.fc1.weight") for index in range(depth)]
    if 0 in inner or 0 in hidden or any(width % head_dim for width in inner):
        return None
    config = {
        "depth": depth,
        "widths": [dim],
        "channels": channels,
        "patch": patch,
        "grid": grid,
        "head_dim": head_dim,
        "heads": [width // head_dim for width in inner],
        "hidden": hidden,
        "classes": classes,
    }
    side = grid * patch
    return Architecture("vit", _title(config), config, classes, (channels, side, side), "head", _thirds(depth))


def _rows(shapes: Mapping[str, tuple[int, ...]], name: str) -> int:
    return next(iter(shapes.get(name, ())), 0)


def _heads(dim: int, metadata: Mapping[str, Any]) -> int:
    own = metadata.get("graftwork")
    told = own.get("heads") if isinstance(own, Mapping) else None
    told = metadata.get("heads") if told is None else told
    if type(told) is int and told > 0 and dim % told == 0:
        return told
    divisors = (size for size in range(1, 2 * _HEAD_DIM) if dim % size == 0)
    return dim // min(divisors, key=lambda size: abs(size - _HEAD_DIM))


def _title(config: Mapping[str, Any]) -> str:
    (dim,) = config["widths"]
    size = _SIZES.get(dim, str(dim))
    return f"ViT-{size}/{config['patch']} ({config['grid'] * config['patch']} px)"


def _thirds(depth: int) -> tuple[str, ...]:
    """Return the blocks that end each third of the depth."""
    ends = sorted({-(-depth * third // 3) - 1 for third in (1, 2, 3)})
    return tuple(f"blocks.{end}" for end in ends)


def build(architecture: Architecture) -> nn.Module:
    """Return the network: images (n, channels, side, side) to logits (n, classes)."""
    return VisionTransformer(architecture.config)


class VisionTransformer(nn.Module):
    """A plain vision transformer.

    Parameters
    ----------
    config : mapping of str to Any
        ``widths`` has the width of the tokens alone; ``grid`` and ``patch`` are sides, in patches and in pixels;
        ``heads`` and ``hidden`` have one entry a block.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        (dim,) = config["widths"]
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, 1 + config["grid"] ** 2, dim))
        self.patch_embed = PatchEmbedding(config["channels"], dim, config["patch"])
        widths = zip(config["heads"], config["hidden"], strict=True)
        self.blocks = nn.Sequential(*(Block(dim, heads, config["head_dim"], hidden) for heads, hidden in widths))
        self.norm = nn.LayerNorm(dim, eps=_NORM_EPSILON)
        self.head = nn.Linear(dim, config["classes"])

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, channels, side, side)."""
        x = self.patch_embed(x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        x = self.norm(self.blocks(x))
        logits: Tensor = self.head(x[:, 0])
        return logits


class PatchEmbedding(nn.Module):
    """A linear map of patches that do not overlap."""

    def __init__(self, channels: int, dim: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, patch, patch)

    def forward(self, x: Tensor) -> Tensor:
        """Return the patches (n, patches, dim) of images (n, channels, side, side)."""
        patches: Tensor = self.proj(x)
        return patches.flatten(2).transpose(1, 2)


class Block(nn.Module):
    """Attention and a perceptron, each normalised first and added to its input."""

    def __init__(self, dim: int, heads: int, head_dim: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=_NORM_EPSILON)
        self.attn = Attention(dim, heads, head_dim)
        self.norm2 = nn.LayerNorm(dim, eps=_NORM_EPSILON)
        self.mlp = Perceptron(dim, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Return new tokens (n, tokens, dim)."""
        x = x + self.attn(self.norm1(x))
        mixed: Tensor = x + self.mlp(self.norm2(x))
        return mixed


class Attention(nn.Module):
    """Self-attention; queries, keys and values come from one linear map, in this order."""

    def __init__(self, dim: int, heads: int, head_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * heads * head_dim)
        self.proj = nn.Linear(heads * head_dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return what each of the tokens (n, tokens, dim) gathers from all of them."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        gathered: Tensor = self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return gathered


class Perceptron(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return new tokens (n, tokens, dim)."""
        mapped: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return mapped
