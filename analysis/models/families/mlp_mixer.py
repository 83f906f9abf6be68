"""MLP-Mixers: perceptrons across the patches and across the channels, in turn [1]_, under timm's names.

Inner widths are free.

References
----------
.. [1] I. Tolstikhin et al. MLP-Mixer: An all-MLP Architecture for Vision. NeurIPS 2021, figure 1.
"""

from collections.abc import Mapping
from math import isqrt
from typing import Any

from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.nonlinear import GELU
from ..parts.shapes import count, place, shapes_of, side, thirds
from ..parts.transformer import Perceptron
from ..parts.widths import Scale, scaled
from ..settings import Settings

_EPSILON = 1e-6
_SIZES = {512: "S", 768: "B", 1024: "L", 1280: "H"}
SETTINGS = Settings(
    holds={"activation": GELU, "act_layer": GELU, "global_pool": ("avg",)},
    shown=frozenset({"patch_size", "num_blocks", "embed_dim", "mlp_ratio", "stem_norm"}),
    networks=r"mixer|mixer_[a-z]\d+_\d+(_in21k|_miil)?",
)


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without patches, blocks and head."""
    shapes = shapes_of(specs)
    depth = count(shapes, r"blocks[.](\d+)[.]mlp_tokens[.]fc1[.]weight")
    dim, channels, patch = (side(shapes, "stem.proj.weight", axis) for axis in (0, 1, 2))
    grid = isqrt(side(shapes, "blocks.0.mlp_tokens.fc1.weight", 1))
    classes = side(shapes, "head.weight")
    if not (depth and patch and grid and classes):
        return None
    config = {
        "depth": depth,
        "widths": [dim],
        "channels": channels,
        "patch": patch,
        "grid": grid,
        "tokens": [side(shapes, f"blocks.{number}.mlp_tokens.fc1.weight") for number in range(depth)],
        "hidden": [side(shapes, f"blocks.{number}.mlp_channels.fc1.weight") for number in range(depth)],
        "classes": classes,
    }
    pixels = grid * patch
    title = f"Mixer-{_SIZES.get(dim, str(dim))}/{patch} ({pixels} px)"
    shape, sizes = (channels, pixels, pixels), Sizes(pixels, pixels)
    return Architecture("mlp_mixer", title, config, classes, shape, "head", thirds("blocks.", depth), sizes=sizes)


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member."""
    return scaled(config, scale, "widths", "tokens", "hidden")


def build(architecture: Architecture) -> nn.Module:
    """Return the network: images (n, channels, side, side) to logits (n, classes)."""
    return MLPMixer(architecture.config)


class MLPMixer(nn.Module):
    """Patches, blocks, the mean over all patches, and one linear layer.

    Parameters
    ----------
    config : mapping of str to Any
        ``grid`` and ``patch`` are sides, in patches and in pixels; ``tokens`` and ``hidden`` are the inner widths of
        each block's perceptrons across the patches and across the channels.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        (dim,), patch = config["widths"], config["patch"]
        widths = zip(config["tokens"], config["hidden"], strict=True)
        place(self, "stem.proj", nn.Conv2d(config["channels"], dim, patch, patch))
        self.blocks = nn.Sequential(*(Block(dim, config["grid"] ** 2, tokens, hidden) for tokens, hidden in widths))
        self.norm = nn.LayerNorm(dim, _EPSILON)
        self.head = nn.Linear(dim, config["classes"])

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, channels, side, side)."""
        patches = self.get_submodule("stem.proj")(x).flatten(2).transpose(1, 2)
        logits: Tensor = self.head(self.norm(self.blocks(patches)).mean(1))
        return logits


class Block(nn.Module):
    """Two perceptrons, each normalised first and added to its input."""

    def __init__(self, dim: int, patches: int, tokens: int, hidden: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, _EPSILON), nn.LayerNorm(dim, _EPSILON)
        self.mlp_tokens = Perceptron(patches, tokens)
        self.mlp_channels = Perceptron(dim, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Return new patches (n, patches, dim)."""
        x = x + self.mlp_tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        mixed: Tensor = x + self.mlp_channels(self.norm2(x))
        return mixed
