"""Recurrent networks on text, as people write them: an embedding, an LSTM, GRU or plain RNN, and one linear layer.

The three may have any names. Where the last layer tells as many classes apart as there are tokens, the network is a
language model and gives logits at every token; otherwise it is a classifier of the last layer's final state, of both
directions where it has two.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.shapes import Shapes, place, shapes_of, side
from ..parts.widths import Scale, scaled

_FIRST = re.compile(r"(?:(.+)[.])?weight_ih_l0")
_GATES: Mapping[int, type[nn.RNNBase]] = {4: nn.LSTM, 3: nn.GRU, 1: nn.RNN}
_LENGTH = 128  # no shape tells


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
    embedding = _layer(shapes, core, lambda shape: shape[1] == side(shapes, f"{core}.weight_ih_l0", 1), with_bias=False)
    head = _layer(shapes, core, lambda shape: shape[1] == directions * hidden, with_bias=True, other=embedding)
    if gates not in _GATES or embedding is None or head is None:
        return None
    vocabulary, classes = side(shapes, f"{embedding}.weight"), side(shapes, f"{head}.weight")
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
    }
    kind = _GATES[gates].__name__
    use = "language model" if classes == vocabulary else "classifier"
    title = f"{'Bidirectional ' if directions == 2 else ''}{kind} {use}, {layers} × {hidden}"
    kinds: dict[str, Any] = {"inputs": "tokens", "vocabulary": vocabulary, "sizes": Sizes()}
    return Architecture("recurrent", title, config, classes, (_LENGTH,), head, (core,), **kinds)


def _layer(shapes: Shapes, core: str, fits: Any, *, with_bias: bool, other: str | None = None) -> str | None:
    """Return the only matrix outside the recurrent part that fits; of several, the one with a bias, or without."""
    names = [
        name.removesuffix(".weight")
        for name, shape in shapes.items()
        if name.endswith(".weight") and len(shape) == 2 and not name.startswith(f"{core}.") and fits(shape)
    ]
    names = [name for name in names if name != other]
    preferred = [name for name in names if (f"{name}.bias" in shapes) == with_bias]
    return next(iter(preferred or names), None)


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
        layers = {"num_layers": config["depth"], "bias": config["bias"], "batch_first": True, "bidirectional": both}
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
