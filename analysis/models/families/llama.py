"""Llama-like language models: rotary positions, root-mean-square norms, gated perceptrons, shared keys [1]_ [2]_.

Tensors have the names of the Hugging Face checkpoints of Llama, Mistral and Qwen 2, with ``model.`` before them or
without. Inner widths and the number of key heads are read from the shapes, biases of queries and keys as well.

References
----------
.. [1] H. Touvron et al. LLaMA: Open and Efficient Foundation Language Models. arXiv:2302.13971.
.. [2] J. Ainslie et al. GQA: Training Generalized Multi-Query Transformer Models. arXiv:2305.13245.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.attention import Tied, attend, looking_back
from ..parts.nonlinear import activation as named
from ..parts.nonlinear import is_activation
from ..parts.rotary import is_scaling, rates, rotate
from ..parts.shapes import HEADS, Shapes, another, count, head_size, positive, shapes_of, side, thirds, untied, unusual
from ..parts.widths import Scale, scaled
from ..settings import Settings, is_count, is_flag, is_positive, is_token
from ..told import stated, told

_PREFIX = "model."


def _turns(value: Any) -> bool:
    """Tell rotary positions that are turned at known rates."""
    return isinstance(value, Mapping) and is_scaling(_scaling(value)) and is_positive(value.get("rope_theta", 1.0))


def _scaling(rope: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the rates of rotary positions are scaled, without what is usual."""
    kind = rope.get("rope_type", rope.get("type", "default"))
    usual = {"rope_type": "default", "partial_rotary_factor": 1.0}
    named = {**rope, "rope_type": kind}
    return {key: named[key] for key in named if key not in ("rope_theta", "type") and named[key] != usual.get(key)}


def _sees(value: Any) -> bool:
    """Tell layers that look at all tokens before theirs, or at those in the window."""
    return isinstance(value, list) and all(kind in ("full_attention", "sliding_attention") for kind in value)


_DEFAULTS = {"num_attention_heads": 32, "rms_norm_eps": 1e-6}
_QWEN2 = {**_DEFAULTS, "use_sliding_window": False, "sliding_window": 4096, "max_window_layers": 28}
SETTINGS = Settings(
    reads={
        **HEADS,
        "hidden_act": is_activation,
        "rms_norm_eps": is_positive,
        "rope_theta": is_positive,
        "rope_parameters": _turns,
        "rope_scaling": _turns,
        "max_position_embeddings": is_count,
        "max_window_layers": is_token,
        "sliding_window": is_count,
        "use_sliding_window": is_flag,
        "layer_types": _sees,
        "tie_word_embeddings": is_flag,
    },
    holds={"partial_rotary_factor": (1.0,), "rope_interleaved": (False,), "use_mrope": (False,)},
    shown=frozenset(
        {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_key_value_heads"}
        | {"attention_bias", "mlp_bias", "is_decoder", "is_llama_config", "max_sequence_length"}
    ),  # what is the same of networks that look back alone among them
    types=("llama", "mistral", "qwen2"),
    classes=("LlamaForCausalLM", "LLaMAForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM"),
    usual={"llama": _DEFAULTS, "mistral": {**_DEFAULTS, "sliding_window": 4096}, "qwen2": _QWEN2},
)
_ACTIVATION = "silu"
_ROTATIONS = ("rotary_emb.inv_freq", "rotary_emb.original_inv_freq")
_THETA, _EPSILON, _LENGTH = 10_000.0, 1e-5, 2048  # where no config.json tells
_ASSUMED = (
    f"its rotary base is taken for {_THETA:,.0f} and its epsilon for {_EPSILON:g}, and published networks differ in"
    " both. Put the config.json that it was saved with beside it"
)


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without embedding and blocks, or with positions that are scaled in another way.

    Head size, rotary base, epsilon and length leave no trace in shapes: they are what a ``config.json`` says. There is
    no usual size of heads; the others are else 10,000, 1e-5 and 2,048 tokens. Other types of network have these names
    too.
    """
    shapes = shapes_of(specs)
    prefix = _PREFIX if f"{_PREFIX}embed_tokens.weight" in shapes else ""
    depth = count(shapes, rf"{prefix.replace('.', '[.]')}layers[.](\d+)[.]self_attn[.]q_proj[.]weight")
    vocabulary, width = side(shapes, f"{prefix}embed_tokens.weight"), side(shapes, f"{prefix}embed_tokens.weight", 1)
    blocks = [f"{prefix}layers.{number}." for number in range(depth)]
    queries = [side(shapes, f"{block}self_attn.q_proj.weight") for block in blocks]
    keys = [side(shapes, f"{block}self_attn.k_proj.weight") for block in blocks]
    hidden = [side(shapes, f"{block}mlp.up_proj.weight") for block in blocks]
    if not (depth and vocabulary and all(queries) and all(keys) and all(hidden)):
        return None
    found = told(metadata, "rope_parameters", "rope_scaling")
    rope = found if isinstance(found, Mapping) else {}
    head, untold = head_size(width, [*queries, *keys], metadata, usual=None)
    if head % 2 or any(size % head for size in (*queries, *keys)):
        return None
    config = {
        "depth": depth,
        "widths": [width],
        "vocabulary": vocabulary,
        "prefix": prefix,
        "head_dim": head,
        "queries": queries,
        "keys": keys,
        "hidden": hidden,
        "bias": f"{blocks[0]}self_attn.q_proj.bias" in shapes,
        "tied": "lm_head.weight" not in shapes,
        "theta": positive(rope, "rope_theta", usual=positive(metadata, "rope_theta", usual=_THETA)),
        "epsilon": positive(metadata, "rms_norm_eps", usual=_EPSILON),
        **another(SETTINGS.read(metadata, "hidden_act", usual=_ACTIVATION), _ACTIVATION),
        **unusual(windows=(_windows(metadata, depth), []), rope=(_scaling(rope), {})),
    }
    length = int(positive(metadata, "max_position_embeddings", usual=_LENGTH))
    assumed = () if told(metadata, "model_type", "rms_norm_eps") else (_ASSUMED,)
    return Architecture(
        "llama",
        f"Llama, {depth} blocks of {width}",
        config,
        vocabulary,
        (min(length, _LENGTH),),
        "lm_head",
        thirds(f"{prefix}layers.", depth),
        inputs="tokens",
        vocabulary=vocabulary,
        sizes=Sizes(),  # positions are turned, not looked up
        assumed=assumed,
        untold=untold,
        unheeded=_at_odds(config, shapes, metadata),
        spare=frozenset(
            name for name in shapes if name.endswith(("rotary_emb.inv_freq", "rotary_emb.original_inv_freq"))
        ),
    )


def _windows(metadata: Mapping[str, Any], depth: int) -> list[int]:
    """Return how many tokens each layer looks back to, 0 for any number; nothing where no layer has a window."""
    window, kinds = stated(metadata, "sliding_window"), told(metadata, "layer_types")
    if told(metadata, "use_sliding_window") is False or not is_count(window):
        return []
    if _sees(kinds):
        return [window if kind == "sliding_attention" else 0 for kind in kinds]
    first = told(metadata, "max_window_layers") or 0
    return [window if number >= first else 0 for number in range(depth)]


def _at_odds(config: Mapping[str, Any], shapes: Shapes, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that are at odds with others, or with the tensors."""
    windows = config.get("windows", [])
    if windows and told(metadata, "model_type") == "llama":
        return {"sliding_window": stated(metadata, "sliding_window")}
    if windows and len(windows) != config["depth"]:
        return {"layer_types": told(metadata, "layer_types")}
    return untied(shapes, metadata)


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member: whole heads, each key's shared by equally many queries."""
    heads = scale.by(config["head_dim"])
    keys = [heads(width) for width in config["keys"]]
    queries = [scale.by(shared)(width) for shared, width in zip(keys, config["queries"], strict=True)]
    return scaled(config, scale, "widths", "hidden") | {"keys": keys, "queries": queries}


def build(architecture: Architecture) -> nn.Module:
    """Return the network: tokens (n, length) to the logits of the next one, (n, length, vocabulary)."""
    return Llama(architecture.config)


class Llama(nn.Module):
    """A language model; ``config`` as `recognise` gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        body = self if not config["prefix"] else nn.Module()
        if body is not self:
            self.model = body
        width, vocabulary, epsilon = config["widths"][0], config["vocabulary"], config["epsilon"]
        body.embed_tokens = nn.Embedding(vocabulary, width)
        body.layers = nn.ModuleList(Block(config, number) for number in range(config["depth"]))
        body.norm = nn.RMSNorm(width, epsilon)
        self.lm_head = Tied(body.embed_tokens) if config["tied"] else nn.Linear(width, vocabulary, bias=False)
        self._prefix = config["prefix"].rstrip(".")

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits (n, length, vocabulary)."""
        body: Any = self.get_submodule(self._prefix)
        x = body.embed_tokens(tokens)
        for block in body.layers:
            x = block(x)
        logits: Tensor = self.lm_head(body.norm(x))
        return logits


class Block(nn.Module):
    """Attention and a gated perceptron, each normalised first and added to its input."""

    def __init__(self, config: Mapping[str, Any], number: int) -> None:
        super().__init__()
        width, epsilon = config["widths"][0], config["epsilon"]
        self.input_layernorm = nn.RMSNorm(width, epsilon)
        self.self_attn = Attention(config, number)
        self.post_attention_layernorm = nn.RMSNorm(width, epsilon)
        self.mlp = Perceptron(width, config["hidden"][number], config.get("activation", _ACTIVATION))

    def forward(self, x: Tensor) -> Tensor:
        """Return new tokens (n, tokens, width)."""
        x = x + self.self_attn(self.input_layernorm(x))
        mixed: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return mixed


class Attention(nn.Module):
    """Causal self-attention with rotary positions; a key head may serve several query heads."""

    def __init__(self, config: Mapping[str, Any], number: int) -> None:
        super().__init__()
        width, bias = config["widths"][0], config["bias"]
        queries, keys = config["queries"][number], config["keys"][number]
        self.head = config["head_dim"]
        self.rates = partial(rates, self.head, config["theta"], config.get("rope", {}))
        self.window = config["windows"][number] if "windows" in config else 0
        self.q_proj = nn.Linear(width, queries, bias)
        self.k_proj = nn.Linear(width, keys, bias)
        self.v_proj = nn.Linear(width, keys, bias)
        self.o_proj = nn.Linear(queries, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return what each of the tokens (n, tokens, width) gathers."""
        q, k = (rotate(part(x), self.head, self.rates(x.device)) for part in (self.q_proj, self.k_proj))
        seen = looking_back(x, self.window) if 0 < self.window < x.shape[1] else None
        gathered: Tensor = self.o_proj(attend(q, k, self.v_proj(x), self.head, bias=seen, causal=seen is None))
        return gathered


class Perceptron(nn.Module):
    """A map that another one gates, after an activation (SwiGLU)."""

    def __init__(self, width: int, hidden: int, activation: str) -> None:
        super().__init__()
        self.activation = named(activation)
        self.gate_proj = nn.Linear(width, hidden, bias=False)
        self.up_proj = nn.Linear(width, hidden, bias=False)
        self.down_proj = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return new tokens (n, tokens, width)."""
        mapped: Tensor = self.down_proj(self.activation(self.gate_proj(x)) * self.up_proj(x))
        return mapped
