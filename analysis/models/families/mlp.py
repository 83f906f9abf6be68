"""Plain perceptrons: linear layers one after the other, under any names, perhaps with batch norm between them.

Activations leave no trace in a file: they are ReLU, unless the metadata name another one under ``activation``.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ..architecture import Architecture, Sizes, TensorSpec
from ..parts.shapes import place, shapes_of
from ..parts.widths import Scale
from ..told import told

_ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "tanh": F.tanh,
    "silu": F.silu,
    "sigmoid": F.sigmoid,
    "elu": F.elu,
}


def recognise(specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any]) -> Architecture | None:
    """Return the architecture; None unless every layer takes what the one before it gives, in the file's order."""
    shapes = shapes_of(specs)
    modules = _in_order(dict.fromkeys(name.rpartition(".")[0] for name in shapes))
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
    activation = told(metadata, "activation")
    sizes = [weights[linear[0]][1], *(weights[name][0] for name in linear)]
    config = {
        "depth": len(linear),
        "widths": sizes[1:-1] or [sizes[0]],
        "sizes": sizes,
        "names": order,
        "norms": norms,
        "bias": [f"{name}.bias" in shapes for name in linear],
        "activation": activation if activation in list(_ACTIVATIONS) else "relu",
    }
    title = f"MLP {'–'.join(map(str, sizes))}"
    kinds: dict[str, Any] = {"inputs": "numbers", "sizes": Sizes(sizes[0], sizes[0])}
    return Architecture("mlp", title, config, sizes[-1], (sizes[0],), linear[-1], tuple(linear[:-1]), **kinds)


def _in_order(modules: Iterable[str]) -> list[str]:
    """Return modules that only their numbers tell apart by these, others as they come: files may sort by name."""
    found = list(modules)
    heads = {name.rpartition(".")[0] for name in found}
    numbered = len(heads) == 1 and all(name.rpartition(".")[2].isdecimal() for name in found)
    return sorted(found, key=lambda name: int(name.rpartition(".")[2])) if numbered else found


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
        self._activation = _ACTIVATIONS[config["activation"]]
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
        for name, after in pairwise([*self._names, None]):
            x = self.get_submodule(str(name))(x)
            if after is not None and after not in self._norms:
                x = self._activation(x)
        return x
