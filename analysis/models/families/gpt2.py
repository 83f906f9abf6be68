"""GPT-2-like language models: learnt positions, blocks that normalise first, causal attention [1]_.

Tensors have the names of the Hugging Face checkpoints, with ``transformer.`` before them or without. The inner width
of each block is free. The last layer is the embedding's weights, unless the file has its own.

References
----------
.. [1] A. Radford et al. Language Models are Unsupervised Multitask Learners. 2019.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.attention import Tied, Transposed, attend
from ..parts.nonlinear import activation as named
from ..parts.nonlinear import is_activation
from ..parts.shapes import HEADS, another, count, head_size, shapes_of, side, thirds, untied, unusual
from ..parts.widths import Scale, scaled
from ..settings import Settings, is_flag, is_positive

_PREFIX = "transformer."
SETTINGS = Settings(
    reads={
        **HEADS,
        "activation_function": is_activation,
        "layer_norm_epsilon": is_positive,
        "scale_attn_weights": is_flag,
        "scale_attn_by_inverse_layer_idx": is_flag,
        "tie_word_embeddings": is_flag,
    },
    shown=frozenset(
        {"vocab_size", "n_embd", "n_layer", "n_inner", "n_positions", "n_ctx", "hidden_size", "num_hidden_layers"}
        | {"max_position_embeddings", "reorder_and_upcast_attn", "is_decoder", "summary_activation"}
        | {"summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj"}
    ),  # the order of the scores' arithmetic, and a head that language models do not have, among them
    types=("gpt2",),
    classes=("GPT2LMHeadModel",),
    usual={"gpt2": {"n_head": 12}},
)
_ACTIVATION, _EPSILON = "gelu_new", 1e-5


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without embeddings and blocks. Without a word on heads, they are of 64 channels."""
    shapes = shapes_of(specs)
    prefix = _PREFIX if f"{_PREFIX}wte.weight" in shapes else ""
    depth = count(shapes, rf"{prefix.replace('.', '[.]')}h[.](\d+)[.]attn[.]c_attn[.]weight")
    vocabulary, width = side(shapes, f"{prefix}wte.weight"), side(shapes, f"{prefix}wte.weight", 1)
    length = side(shapes, f"{prefix}wpe.weight")
    blocks = [f"{prefix}h.{number}." for number in range(depth)]
    inner = [side(shapes, f"{block}attn.c_attn.weight", 1) // 3 for block in blocks]
    hidden = [side(shapes, f"{block}mlp.c_fc.weight", 1) for block in blocks]
    if not (depth and vocabulary and length and all(inner) and all(hidden)):
        return None
    read = SETTINGS.read
    head, untold = head_size(width, inner, metadata)
    if any(size % head for size in inner):
        return None
    config = {
        "depth": depth,
        "widths": [width],
        "vocabulary": vocabulary,
        "length": length,
        "prefix": prefix,
        "head_dim": head,
        "inner": inner,
        "hidden": hidden,
        "tied": "lm_head.weight" not in shapes,
        **another(read(metadata, "activation_function", usual=_ACTIVATION), _ACTIVATION),
        **unusual(
            epsilon=(read(metadata, "layer_norm_epsilon", usual=_EPSILON), _EPSILON),
            scaled=(read(metadata, "scale_attn_weights", usual=True), True),
            scaled_by_depth=(read(metadata, "scale_attn_by_inverse_layer_idx", usual=False), False),
        ),
    }
    spare = frozenset(n for block in blocks for n in (f"{block}attn.bias", f"{block}attn.masked_bias") if n in shapes)
    return Architecture(
        "gpt2",
        f"GPT-2, {depth} blocks of {width}",
        config,
        vocabulary,
        (length,),
        "lm_head",
        thirds(f"{prefix}h.", depth),
        inputs="tokens",
        vocabulary=vocabulary,
        sizes=Sizes(1, length),
        untold=untold,
        unheeded=untied(shapes, metadata),
        spare=spare,
    )


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member: fewer heads of the same size."""
    return scaled(scaled(config, scale, "widths", "hidden"), scale.by(config["head_dim"]), "inner")


def build(architecture: Architecture) -> nn.Module:
    """Return the network: tokens (n, length) to the logits of the next one, (n, length, vocabulary)."""
    return GPT2(architecture.config)


class GPT2(nn.Module):
    """A language model; ``config`` as `recognise` gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        body = self if not config["prefix"] else nn.Module()
        if body is not self:
            self.transformer = body
        width, vocabulary = config["widths"][0], config["vocabulary"]
        body.wte = nn.Embedding(vocabulary, width)
        body.wpe = nn.Embedding(config["length"], width)
        sizes = zip(config["inner"], config["hidden"], strict=True)
        body.h = nn.ModuleList(Block(config, number, *of_block) for number, of_block in enumerate(sizes))
        body.ln_f = nn.LayerNorm(width, config.get("epsilon", _EPSILON))
        self.lm_head = Tied(body.wte) if config["tied"] else nn.Linear(width, vocabulary, bias=False)
        self._prefix = config["prefix"].rstrip(".")

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits (n, length, vocabulary)."""
        body: Any = self.get_submodule(self._prefix)
        x = body.wte(tokens) + body.wpe(torch.arange(tokens.shape[1], device=tokens.device))
        for block in body.h:
            x = block(x)
        logits: Tensor = self.lm_head(body.ln_f(x))
        return logits


class Block(nn.Module):
    """Attention and a perceptron, each normalised first and added to its input."""

    def __init__(self, config: Mapping[str, Any], number: int, inner: int, hidden: int) -> None:
        super().__init__()
        width, epsilon = config["widths"][0], config.get("epsilon", _EPSILON)
        self.ln_1, self.ln_2 = nn.LayerNorm(width, epsilon), nn.LayerNorm(width, epsilon)
        self.attn = Attention(width, inner, config["head_dim"], _scale(config, number))
        self.mlp = Perceptron(width, hidden, config.get("activation", _ACTIVATION))

    def forward(self, x: Tensor) -> Tensor:
        """Return new tokens (n, tokens, width)."""
        x = x + self.attn(self.ln_1(x))
        mixed: Tensor = x + self.mlp(self.ln_2(x))
        return mixed


def _scale(config: Mapping[str, Any], number: int) -> float:
    """Return what the scores of a block, counted from 0, are multiplied by."""
    scale = config["head_dim"] ** -0.5 if config.get("scaled", True) else 1.0
    return scale / (number + 1) if config.get("scaled_by_depth", False) else scale


class Attention(nn.Module):
    """Causal self-attention; queries, keys and values come from one map, in this order."""

    def __init__(self, width: int, inner: int, head: int, scale: float) -> None:
        super().__init__()
        self.head, self.scale = head, scale
        self.c_attn = Transposed(width, 3 * inner)
        self.c_proj = Transposed(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return what each of the tokens (n, tokens, width) gathers."""
        q, k, v = self.c_attn(x).chunk(3, -1)
        gathered: Tensor = self.c_proj(attend(q, k, v, self.head, causal=True, scale=self.scale))
        return gathered


class Perceptron(nn.Module):
    """Two maps with an activation between them, by default a GELU in its tanh form."""

    def __init__(self, width: int, hidden: int, activation: str) -> None:
        super().__init__()
        self.activation = named(activation)
        self.c_fc = Transposed(width, hidden)
        self.c_proj = Transposed(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return new tokens (n, tokens, width)."""
        mapped: Tensor = self.c_proj(self.activation(self.c_fc(x)))
        return mapped
