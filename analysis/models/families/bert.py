"""BERT-like encoders: learnt positions, blocks that normalise last, attention to every real token [1]_.

Tensors have the names of the Hugging Face checkpoints, with ``bert.`` before them or without. With a classifier the
network gives logits; without one, the mean of its real tokens, which is what sentence encoders [2]_ are used with.

References
----------
.. [1] J. Devlin et al. BERT: Pre-training of Deep Bidirectional Transformers. NAACL 2019.
.. [2] N. Reimers, I. Gurevych. Sentence-BERT. EMNLP 2019, section 3.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.attention import attend, masked_mean
from ..parts.nonlinear import activation, is_activation
from ..parts.shapes import HEADS, another, count, head_size, place, positive, shapes_of, side, thirds
from ..parts.widths import Scale, scaled
from ..settings import Settings, is_positive, is_token
from ..told import stated

_PREFIX = "bert."
SETTINGS = Settings(
    reads={**HEADS, "hidden_act": is_activation, "layer_norm_eps": is_positive, "pad_token_id": is_token},
    holds={"position_embedding_type": ("absolute",), "is_decoder": (False,)},
    shown=frozenset(
        {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "max_position_embeddings"}
        | {"type_vocab_size", "tie_word_embeddings", "pruned_heads", "directionality", "pooler_fc_size", "pooler_type"}
        | {"pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head"}
    ),  # a head that is left out, and what was never read, among them
    types=("bert",),
    classes=("BertModel", "BertForSequenceClassification", "BertForMaskedLM", "BertForPreTraining"),
    usual={"bert": {"num_attention_heads": 12}},
)
_ACTIVATION = "gelu"
_OFTEN_FINER = 384
_EPSILON = 1e-12  # where no config.json tells


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without embeddings and blocks.

    Head size, epsilon and the padding token are what a ``config.json`` says, or else 64 channels, 1e-12 and token 0;
    networks of 384 channels are published with heads of 64 and of 32. Other types of network have these names too. The
    head of masked-language pre-training is left out.
    """
    shapes = shapes_of(specs)
    prefix = _PREFIX if f"{_PREFIX}embeddings.word_embeddings.weight" in shapes else ""
    words = f"{prefix}embeddings.word_embeddings.weight"
    depth = count(shapes, rf"{prefix.replace('.', '[.]')}encoder[.]layer[.](\d+)[.]attention[.]self[.]query[.]weight")
    blocks = [f"{prefix}encoder.layer.{number}." for number in range(depth)]
    inner = [side(shapes, f"{block}attention.self.query.weight") for block in blocks]
    hidden = [side(shapes, f"{block}intermediate.dense.weight") for block in blocks]
    length = side(shapes, f"{prefix}embeddings.position_embeddings.weight")
    if not (depth and length and all(inner) and all(hidden)):
        return None
    vocabulary, width, classes = side(shapes, words), side(shapes, words, 1), side(shapes, "classifier.weight")
    head, untold = head_size(width, inner, metadata, None if width == _OFTEN_FINER else 64)
    if any(size % head for size in inner):
        return None
    pooler = f"{prefix}pooler.dense.weight" in shapes
    if classes and not pooler:
        untold = untold or "nothing tells whether it classifies texts or tokens"
    config = {
        "depth": depth,
        "widths": [width],
        "vocabulary": vocabulary,
        "length": length,
        "types": side(shapes, f"{prefix}embeddings.token_type_embeddings.weight"),
        "prefix": prefix,
        "head_dim": head,
        "inner": inner,
        "hidden": hidden,
        "pooler": pooler,
        "classes": classes,
        "pad": stated(metadata, "pad_token_id", 0),
        "epsilon": positive(metadata, "layer_norm_eps", usual=_EPSILON),
        **another(SETTINGS.read(metadata, "hidden_act", usual=_ACTIVATION), _ACTIVATION),
    }
    numbers = ("embeddings.position_ids", "embeddings.token_type_ids")
    spare = {name for name in shapes if name.startswith("cls.") or name.endswith(numbers)}
    return Architecture(
        "bert",
        f"BERT, {depth} blocks of {width}",
        config,
        classes,
        (length,),
        "classifier" if classes else None,
        thirds(f"{prefix}encoder.layer.", depth),
        inputs="tokens",
        vocabulary=vocabulary,
        sizes=Sizes(1, length),
        untold=untold,
        spare=frozenset(spare),
    )


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member: fewer heads of the same size."""
    return scaled(scaled(config, scale, "widths", "hidden"), scale.by(config["head_dim"]), "inner")


def build(architecture: Architecture) -> nn.Module:
    """Return the network: tokens (n, length) to logits (n, classes), or to the mean token (n, width)."""
    return Bert(architecture.config)


class Bert(nn.Module):
    """An encoder, perhaps with a classifier; ``config`` as `recognise` gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        width, prefix = config["widths"][0], config["prefix"]
        self._prefix, self._classes = prefix.rstrip("."), config["classes"]
        self.masked_token: int | None = config["pad"]
        place(self, f"{prefix}embeddings", Embeddings(config))
        sizes = zip(config["inner"], config["hidden"], strict=True)
        blocks = (Block(config, inner, hidden) for inner, hidden in sizes)
        place(self, f"{prefix}encoder.layer", nn.ModuleList(blocks))
        if config["pooler"]:
            place(self, f"{prefix}pooler.dense", nn.Linear(width, width))
        if self._classes:
            self.classifier = nn.Linear(width, self._classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits (n, classes), or the mean over real tokens (n, width)."""
        body: Any = self.get_submodule(self._prefix)
        mask = torch.ones_like(tokens, dtype=torch.bool) if self.masked_token is None else tokens != self.masked_token
        x = body.embeddings(tokens)
        for block in body.encoder.layer:
            x = block(x, mask)
        if not self._classes:
            return masked_mean(x, mask)
        first = torch.tanh(body.pooler.dense(x[:, 0])) if hasattr(body, "pooler") else x[:, 0]
        logits: Tensor = self.classifier(first)
        return logits


class Embeddings(nn.Module):
    """Words, positions and the first token type, added and normalised."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        width = config["widths"][0]
        self.word_embeddings = nn.Embedding(config["vocabulary"], width)
        self.position_embeddings = nn.Embedding(config["length"], width)
        if config["types"]:
            self.token_type_embeddings = nn.Embedding(config["types"], width)
        self.LayerNorm = nn.LayerNorm(width, config["epsilon"])

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (n, tokens, width)."""
        x = self.word_embeddings(tokens) + self.position_embeddings.weight[: tokens.shape[1]]
        if hasattr(self, "token_type_embeddings"):
            x = x + self.token_type_embeddings.weight[0]
        normalised: Tensor = self.LayerNorm(x)
        return normalised


class Block(nn.Module):
    """Attention and a perceptron, each added to its input and normalised after."""

    def __init__(self, config: Mapping[str, Any], inner: int, hidden: int) -> None:
        super().__init__()
        width, epsilon = config["widths"][0], config["epsilon"]
        place(self, "attention.self", SelfAttention(width, inner, config["head_dim"]))
        place(self, "attention.output.dense", nn.Linear(inner, width))
        place(self, "attention.output.LayerNorm", nn.LayerNorm(width, epsilon))
        self.intermediate = Intermediate(width, hidden, config.get("activation", _ACTIVATION))
        place(self, "output.dense", nn.Linear(hidden, width))
        place(self, "output.LayerNorm", nn.LayerNorm(width, epsilon))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return new tokens (n, tokens, width); ``mask`` (n, tokens) tells the real ones."""
        attention: Any = self.attention
        gathered = attention.get_submodule("self")(x, mask)
        x = attention.output.LayerNorm(x + attention.output.dense(gathered))
        output: Any = self.output
        mixed: Tensor = output.LayerNorm(x + output.dense(self.intermediate(x)))
        return mixed


class SelfAttention(nn.Module):
    """What tokens gather from each other, before it is mapped back."""

    def __init__(self, width: int, inner: int, head: int) -> None:
        super().__init__()
        self.head = head
        self.query, self.key, self.value = (nn.Linear(width, inner) for _ in range(3))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return (n, tokens, inner) of the tokens (n, tokens, width)."""
        return attend(self.query(x), self.key(x), self.value(x), self.head, mask)


class Intermediate(nn.Module):
    """The first of a perceptron's two layers."""

    def __init__(self, width: int, hidden: int, name: str) -> None:
        super().__init__()
        self.activation = activation(name)
        self.dense = nn.Linear(width, hidden)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, tokens, hidden) of the tokens (n, tokens, width)."""
        return self.activation(self.dense(x))
