"""Plain vision transformers: patches, a class token, learnt positions, blocks that normalise first, and a linear head.

Tensors have the names that ViT [1]_ and DeiT [2]_ checkpoints are published under, which are timm's, or torchvision's.
Each block may have its own number of heads and its own inner width, so that networks that were pruned inside their
blocks are members too.

References
----------
.. [1] A. Dosovitskiy et al. An Image is Worth 16x16 Words. ICLR 2021.
.. [2] H. Touvron et al. Training data-efficient image transformers & distillation through attention. ICML 2021.
"""

from collections.abc import Mapping
from math import isqrt
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.attention import attend
from ..parts.nonlinear import is_activation
from ..parts.shapes import HEADS, Shapes, another, count, head_size, place, shapes_of, side, thirds, unusual
from ..parts.transformer import Attention, Perceptron
from ..parts.widths import Scale, scaled
from ..settings import Settings
from ..told import option

_EPSILON = 1e-6
_ACTIVATION = "gelu"
SETTINGS = Settings(
    reads={
        **HEADS,
        "activation": is_activation,
        "act_layer": is_activation,
        "global_pool": ("token", "avg").__contains__,
    },
    holds={"pos_embed": ("learn",), "pool_include_prefix": (False,), "pre_norm": (False,)},
    shown=frozenset(
        {"patch_size", "embed_dim", "depth", "mlp_ratio", "qkv_bias", "proj_bias", "qk_norm", "init_values", "fc_norm"}
        | {"final_norm", "class_token", "reg_tokens", "no_embed_class", "dynamic_img_size", "dynamic_img_pad"}
    ),  # what acts on images of other sizes among them
    networks=r"vit|(vit_(tiny|small|base|large|huge|giant|gigantic)|deit_(tiny|small|base)(_distilled)?|eva_large)"
    r"_patch\d+_\d+(_in21k|_dino)?",
)
_SIZES = {192: "Ti", 384: "S", 768: "B", 1024: "L", 1280: "H", 1408: "g", 1664: "G"}
_HEAD_DIMS = {1280: 80, 1408: 88, 1664: 104}  # of the published networks whose heads have not 64 channels, by width


class Names(NamedTuple):
    """Dotted names of a network's parts, and within a block those of a block's."""

    patches: str
    token: str
    positions: str
    blocks: str
    block: str
    norms: tuple[str, str]
    attention: str
    mapped: str
    perceptron: tuple[str, str]
    norm: str
    head: str


_TIMM = Names(
    patches="patch_embed.proj",
    token="cls_token",
    positions="pos_embed",
    blocks="blocks",
    block="",
    norms=("norm1", "norm2"),
    attention="attn",
    mapped="attn.qkv.weight",
    perceptron=("fc1", "fc2"),
    norm="norm",
    head="head",
)
_TORCHVISION = Names(
    patches="conv_proj",
    token="class_token",
    positions="encoder.pos_embedding",
    blocks="encoder.layers",
    block="encoder_layer_",
    norms=("ln_1", "ln_2"),
    attention="self_attention",
    mapped="self_attention.in_proj_weight",
    perceptron=("0", "3"),
    norm="encoder.ln",
    head="heads.head",
)
_NAMES = {
    "timm": _TIMM,
    "torchvision": _TORCHVISION,
    "torchvision 0.12": _TORCHVISION._replace(perceptron=("linear_1", "linear_2")),
}


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without patches, positions and blocks.

    The number of heads leaves no trace in the shapes. It is what the metadata says, else that of the published network
    of the same width, else one for every 64 channels, as long as no block was cut.
    """
    shapes = shapes_of(specs)
    naming = _naming(shapes)
    names, extra = _NAMES[naming], 1 + ("dist_token" in shapes)
    dim, channels, patch = (side(shapes, f"{names.patches}.weight", axis) for axis in (0, 1, 2))
    tokens, start = side(shapes, names.positions, 1), f"{names.blocks}.{names.block}"
    depth = count(shapes, rf"{start.replace('.', '[.]')}(\d+)[.]{names.mapped.replace('.', '[.]')}")
    if not (patch and depth and tokens > extra):
        return None
    inner = [side(shapes, f"{start}{number}.{names.mapped}") // 3 for number in range(depth)]
    head_dim, untold = head_size(dim, inner, metadata, _HEAD_DIMS.get(dim, 64))
    if not all(inner) or any(width % head_dim for width in inner):
        return None
    classes = side(shapes, f"{names.head}.weight")
    config: dict[str, Any] = {
        "depth": depth,
        "widths": [dim],
        "channels": channels,
        "patch": patch,
        "grid": isqrt(tokens - extra),
        "head_dim": head_dim,
        "heads": [width // head_dim for width in inner],
        "hidden": [side(shapes, f"{start}{number}.mlp.{names.perceptron[0]}.weight") for number in range(depth)],
        "naming": naming,
        "distilled": extra == 2,
        "pooled": "fc_norm.weight" in shapes,
        "classes": classes,
        **another(SETTINGS.read(metadata, "act_layer", "activation", usual=_ACTIVATION), _ACTIVATION),
    }
    pixels, head = config["grid"] * patch, names.head if classes else None
    shape, sizes = (channels, pixels, pixels), Sizes(pixels, pixels)
    kinds: dict[str, Any] = {"sizes": sizes, "untold": untold, "unheeded": _otherwise_pooled(config, metadata)}
    return Architecture("vit", _title(config), config, classes, shape, head, thirds(start, depth), **kinds)


def _otherwise_pooled(config: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the tokens are pooled, where that is not as the tensors show: of a mean, by the norm after it."""
    shown = "avg" if config["pooled"] else "token"
    return unusual(global_pool=(option(metadata, "global_pool") or shown, shown))


def _naming(shapes: Shapes) -> str:
    """Return whose names the tensors have, a key of ``_NAMES``."""
    if "conv_proj.weight" not in shapes:
        return "timm"
    first = "encoder.layers.encoder_layer_0.mlp.linear_1.weight"
    return "torchvision 0.12" if first in shapes else "torchvision"


def _title(config: Mapping[str, Any]) -> str:
    (dim,) = config["widths"]
    distilled = ", distilled" if config["distilled"] else ""
    return f"ViT-{_SIZES.get(dim, str(dim))}/{config['patch']} ({config['grid'] * config['patch']} px{distilled})"


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member: fewer heads of the same size."""
    return scaled(config, scale, "widths", "heads", "hidden")


def build(architecture: Architecture) -> nn.Module:
    """Return the network: images (n, channels, side, side) to logits (n, classes), without head to (n, width)."""
    return VisionTransformer(architecture.config)


class VisionTransformer(nn.Module):
    """A plain vision transformer.

    Parameters
    ----------
    config : mapping of str to Any
        ``widths`` has the width of the tokens alone; ``grid`` and ``patch`` are sides, in patches and in pixels;
        ``heads`` and ``hidden`` have one entry a block; ``naming`` says whose names the tensors have. Where
        ``distilled`` is true, a second token has a second head, and the logits of both are averaged; where ``pooled``
        is, the mean of the patches is normalised and classified. Without ``classes``, the network ends in what would
        be classified.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        (dim,), patch = config["widths"], config["patch"]
        self._names = names = _NAMES[config["naming"]]
        self._pooled = config["pooled"]
        self._tokens = [names.token, "dist_token"][: 1 + config["distilled"]]
        self._heads = [names.head, "head_dist"][: len(self._tokens)] if config["classes"] else []
        self._norm = "fc_norm" if self._pooled else names.norm
        for token in self._tokens:
            place(self, token, nn.Parameter(torch.zeros(1, 1, dim)))
        positions = len(self._tokens) + config["grid"] ** 2
        place(self, names.positions, nn.Parameter(0.02 * torch.randn(1, positions, dim)))
        place(self, names.patches, nn.Conv2d(config["channels"], dim, patch, patch))
        sizes = zip(config["heads"], config["hidden"], strict=True)
        activation = config.get("activation", _ACTIVATION)
        blocks = (Block(dim, heads, config["head_dim"], hidden, names, activation) for heads, hidden in sizes)
        sequence = place(self, names.blocks, nn.Sequential())
        for number, block in enumerate(blocks):
            sequence.add_module(f"{names.block}{number}", block)
        place(self, self._norm, nn.LayerNorm(dim, _EPSILON))
        for head in self._heads:
            place(self, head, nn.Linear(dim, config["classes"]))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, classes) of images (n, channels, side, side); (n, width) without a head."""
        names = self._names
        patches = self.get_submodule(names.patches)(x).flatten(2).transpose(1, 2)
        tokens = [self.get_parameter(name).expand(x.shape[0], -1, -1) for name in self._tokens]
        x = torch.cat([*tokens, patches], 1) + self.get_parameter(names.positions)
        x = self.get_submodule(names.blocks)(x)
        x = x[:, len(tokens) :].mean(1, keepdim=True) if self._pooled else x[:, : len(tokens)]
        seen = self.get_submodule(self._norm)(x).unbind(1)
        heads = map(self.get_submodule, self._heads)
        return torch.stack([head(token) for head, token in zip(heads, seen, strict=False)] or list(seen)).mean(0)


class Block(nn.Module):
    """Attention and a perceptron, each normalised first and added to its input."""

    def __init__(self, dim: int, heads: int, head_dim: int, hidden: int, names: Names, activation: str) -> None:
        super().__init__()
        self._parts = (names.norms[0], names.attention, names.norms[1])
        attention = Attention if names.attention == "attn" else PackedAttention
        self.add_module(names.norms[0], nn.LayerNorm(dim, _EPSILON))
        self.add_module(names.attention, attention(dim, heads * head_dim, head_dim))
        self.add_module(names.norms[1], nn.LayerNorm(dim, _EPSILON))
        self.mlp = Perceptron(dim, hidden, names.perceptron, activation)

    def forward(self, x: Tensor) -> Tensor:
        """Return new tokens (n, tokens, dim)."""
        before, attention, after = map(self.get_submodule, self._parts)
        x = x + attention(before(x))
        mixed: Tensor = x + self.mlp(after(x))
        return mixed


class PackedAttention(nn.Module):
    """Self-attention under the names of torch's, with any number of heads."""

    def __init__(self, dim: int, inner: int, head_dim: int) -> None:
        super().__init__()
        self.head_dim = head_dim
        self.in_proj_weight = nn.Parameter(0.02 * torch.randn(3 * inner, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * inner))
        self.out_proj = nn.Linear(inner, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Return what each of the tokens (n, tokens, dim) gathers from all of them."""
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        gathered: Tensor = self.out_proj(attend(q, k, v, self.head_dim))
        return gathered
