"""Plain perceptrons: linear layers one after the other, under any names, perhaps with batch norm between them.

Activations leave no trace in a file but the places in a sequence that have no tensors. They are what the metadata, or a
person, name under ``activation``, and else taken for ReLU, which is said with every number. Where nothing tells the
order of the layers, the network is not run.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.chains import in_order, ordered_for_sure
from ..parts.nonlinear import ACTIVATIONS, activation, called, is_activation
from ..parts.shapes import place, shapes_of
from ..parts.widths import Scale
from ..settings import Settings
from ..told import told

DECLARABLE = tuple(ACTIVATIONS)
SETTINGS = Settings(reads={"activation": is_activation})
_ASSUMED = {
    "activation": "the activation between its layers is taken for ReLU. If it is another, write it into its [[model]],"
    ' activation = "tanh"',
    "norms": "its norms are taken to come before the activation. If they come after it, name the code that builds it:"
    ' network = "file.py:function"',
}


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None unless every layer takes what the one before it gives, in the file's order."""
    shapes = shapes_of(specs)
    names = list(dict.fromkeys(name.rpartition(".")[0] for name in shapes))
    modules = in_order(names)
    weights = {name: shapes.get(f"{name}.weight", ()) for name in modules}
    linear = [name for name in modules if len(weights[name]) == 2]
    norms = [name for name in modules if len(weights[name]) == 1]
    if not linear or "" in modules or len(linear) + len(norms) != len(modules):
        return None
    if any(weights[after][1] != weights[before][0] for before, after in pairwise(linear)):
        return None
    order = [name for name in modules if name in linear or name in norms]
    if order[-1] != linear[-1] or order[0] != linear[0]:
        return None
    sizes = [weights[linear[0]][1], *(weights[name][0] for name in linear)]
    active = _active(order, norms)
    settled = ordered_for_sure(names, linear, sizes) and active is not None
    config = {
        "depth": len(linear),
        "widths": sizes[1:-1] or [sizes[0]],
        "sizes": sizes,
        "names": order,
        "norms": norms,
        "bias": [f"{name}.bias" in shapes for name in linear],
        "activation": called(SETTINGS.read(metadata, "activation", usual="relu")),
        "active": active or [],
    }
    title = f"MLP {'–'.join(map(str, sizes))}"
    untold = "" if settled else "nothing tells the order of its layers"
    kinds: dict[str, Any] = {"inputs": "numbers", "sizes": Sizes(sizes[0], sizes[0]), "untold": untold}
    assumes = {
        "activation": bool(active) and told(metadata, "activation") is None,
        "norms": bool(active) and _norms_open(order, norms),
    }
    kinds["assumed"] = tuple(_ASSUMED[what] for what, holds in assumes.items() if holds)
    return Architecture("mlp", title, config, sizes[-1], (sizes[0],), linear[-1], tuple(linear[:-1]), **kinds)


def _active(order: Sequence[str], norms: Sequence[str]) -> list[str] | None:
    """Return the modules that an activation follows; None where several places between two layers may be one.

    In a sequence that leaves places out, these are the activations'. Elsewhere one comes before each layer but the
    first.
    """
    places = _places(order)
    active = [
        before for before, after in pairwise(order) if (places[before] > 1 if places[before] else after not in norms)
    ]
    layers = [sum(other not in norms for other in order[: order.index(name) + 1]) for name in active]
    return active if len(set(layers)) == len(layers) else None


def _norms_open(order: Sequence[str], norms: Sequence[str]) -> bool:
    """Return whether nothing tells if an activation stands before a norm or after it."""
    places = _places(order)
    return any(after in norms and not places[before] for before, after in pairwise(order))


def _places(order: Sequence[str]) -> dict[str, int]:
    """Return how many places after a module the next one stands, in sequences that leave some out; else 0."""
    gaps = {before: _gap(before, after) for before, after in pairwise(order)}
    telling = {_parent(name) for name, gap in gaps.items() if gap > 1}
    return {name: gap if _parent(name) in telling else 0 for name, gap in gaps.items()}


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def _gap(before: str, after: str) -> int:
    """Return how many places after a module of the same sequence another one stands; 0 where it is of none."""
    first, second = before.rpartition(".")[2], after.rpartition(".")[2]
    if _parent(before) != _parent(after) or not (first.isdecimal() and second.isdecimal()):
        return 0
    return int(second) - int(first)


def narrow(config: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    """Return the configuration of a narrower member."""
    inputs, *hidden, classes = config["sizes"]
    sizes = [inputs, *map(scale, hidden), classes]
    return {**config, "sizes": sizes, "widths": sizes[1:-1] or [inputs]}


def build(architecture: Architecture) -> nn.Module:
    """Return the network: numbers (n, width) to logits (n, classes)."""
    return Mlp(architecture.config)


class Mlp(nn.Module):
    """Linear layers with an activation between them; ``config`` as `recognise` gives it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self._names, self._norms = config["names"], set(config["norms"])
        self._activation, self._active = activation(config["activation"]), set(config["active"])
        sides, biases = pairwise(config["sizes"]), iter(config["bias"])
        width = config["sizes"][0]
        for name in self._names:
            if name in self._norms:
                place(self, name, nn.BatchNorm1d(width))
            else:
                before, width = next(sides)
                place(self, name, nn.Linear(before, width, next(biases)))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, classes) of numbers (n, width)."""
        x = x.flatten(1)
        for name in self._names:
            x = self.get_submodule(name)(x)
            x = self._activation(x) if name in self._active else x
        return x
