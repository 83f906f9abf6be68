"""Recurrent networks on text, as people write them: an embedding, an LSTM, GRU or plain RNN, and one linear layer.

The three may have any names. Where the last layer tells as many classes apart as there are tokens, the network is a
language model and gives logits at every token; otherwise it is taken for a classifier of the last layer's final state,
of both directions where it has two. A plain RNN's activation is what the metadata, or a person, name, and else taken
for tanh. Both are said with every number.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.nonlinear import called
from ..parts.shapes import Shapes, place, shapes_of, side
from ..parts.widths import Scale, scaled
from ..settings import Settings

_FIRST = re.compile(r"(?:(.+)[.])?weight_ih_l0")
_GATES: Mapping[int, type[nn.RNNBase]] = {4: nn.LSTM, 3: nn.GRU, 1: nn.RNN}
_LENGTH = 128  # no shape tells
DECLARABLE = ("tanh", "relu")  # of a plain RNN
_ASSUMED = {
    "state": "it is taken to tell classes apart by its state after the last token of a sample, padding among them. If"
    ' it does otherwise, name the code that builds it: network = "file.py:function"',
    "activation": "the activation of its RNN is taken for tanh. If it is another, write it into its [[model]],"
    ' activation = "relu"',
}


def _is_known(value: Any) -> bool:
    """Tell an activation that torch has of a plain RNN."""
    return isinstance(value, str) and called(value) in DECLARABLE


SETTINGS = Settings(reads={"activation": _is_known, "nonlinearity": _is_known})


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None without one recurrent part, an embedding that feeds it and a layer after it."""
    shapes = shapes_of(specs)
    parts = [match[1] for name in shapes if (match := _FIRST.fullmatch(name)) and match[1]]
    if len(parts) != 1:
        return None
    core = parts[0]
    hidden = side(shapes, f"{core}.weight_hh_l0", 1)
    gates = side(shapes, f"{core}.weight_ih_l0") // hidden if hidden else 0
    layers = sum(1 for name in shapes if re.fullmatch(re.escape(core) + r"[.]weight_ih_l\d+", name))
    directions = 2 if f"{core}.weight_ih_l0_reverse" in shapes else 1
    first = _layers(shapes, core, side(shapes, f"{core}.weight_ih_l0", 1))
    last = _layers(shapes, core, directions * hidden)
    roles = [(words, out) for words in first for out in last if words != out and f"{words}.bias" not in shapes]
    if gates not in _GATES or not roles:
        return None
    clear = [pair for pair in roles if "emb" in pair[0].lower() and "emb" not in pair[1].lower()]
    embedding, head = (clear or roles)[0]
    untold = "" if len(roles) == 1 or len(clear) == 1 else "nothing tells which of its matrices is the embedding"
    vocabulary, classes = side(shapes, f"{embedding}.weight"), side(shapes, f"{head}.weight")
    named = SETTINGS.read(metadata, *SETTINGS.reads, usual=None) if gates == 1 else None
    config = {
        "depth": layers,
        "widths": [hidden],
        "vocabulary": vocabulary,
        "embedded": side(shapes, f"{embedding}.weight", 1),
        "gates": gates,
        "directions": directions,
        "bias": f"{core}.bias_ih_l0" in shapes,
        "names": [embedding, core, head],
        "head_bias": f"{head}.bias" in shapes,
        "classes": classes,
        **({"activation": called(named or DECLARABLE[0])} if gates == 1 else {}),
    }
    assumes = {"state": classes != vocabulary, "activation": gates == 1 and named is None}
    kind = _GATES[gates].__name__
    use = "language model" if classes == vocabulary else "classifier"
    title = f"{'Bidirectional ' if directions == 2 else ''}{kind} {use}, {layers} × {hidden}"
    kinds: dict[str, Any] = {"inputs": "tokens", "vocabulary": vocabulary, "sizes": Sizes(), "untold": untold}
    kinds["assumed"] = tuple(_ASSUMED[what] for what, holds in assumes.items() if holds)
    return Architecture("recurrent", title, config, classes, (_LENGTH,), head, (core,), **kinds)


def _layers(shapes: Shapes, core: str, width: int) -> list[str]:
    """Return the layers outside the recurrent part whose matrix has that width."""
    outside = (name for name in shapes if name.endswith(".weight") and not name.startswith(f"{core}."))
    return [name.removesuffix(".weight") for name in outside if len(shapes[name]) == 2 and shapes[name][1] == width]


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member."""
    return scaled(config, scale, "widths", "embedded")


def build(architecture: Architecture) -> nn.Module:
    """Return the network: tokens (n, length) to logits (n, classes), or (n, length, vocabulary)."""
    return Recurrent(architecture.config)


class Recurrent(nn.Module):
    """Embedding, recurrent layers, and a linear layer; ``config`` as `recognise` gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self._names, self._speaks = config["names"], config["classes"] == config["vocabulary"]
        embedding, core, head = self._names
        hidden, both = config["widths"][0], config["directions"] == 2
        place(self, embedding, nn.Embedding(config["vocabulary"], config["embedded"]))
        kind = _GATES[config["gates"]]
        layers: dict[str, Any] = {
            "num_layers": config["depth"],
            "bias": config["bias"],
            "batch_first": True,
            "bidirectional": both,
        }
        layers |= {"nonlinearity": config["activation"]} if kind is nn.RNN else {}
        place(self, core, kind(config["embedded"], hidden, **layers))
        place(self, head, nn.Linear(hidden * config["directions"], config["classes"], config["head_bias"]))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits (n, classes) of the final state, or (n, length, vocabulary) at every token."""
        embedding, core, head = (self.get_submodule(name) for name in self._names)
        outputs, state = core(embedding(tokens))
        final = state[0] if isinstance(state, tuple) else state
        directions = 2 if core.bidirectional else 1
        last = torch.cat(list(final[-directions:]), -1)
        logits: Tensor = head(outputs if self._speaks else last)
        return logits
