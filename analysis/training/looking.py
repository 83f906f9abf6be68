"""Looking into networks while they learn: layers in pairs, and what activations give."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..errors import UserError
from ..features.capture import capture
from ..features.layers import Tap, choose_taps
from ..models import Checkpoint

Values = list[Tensor]


def taps_of(checkpoint: Checkpoint, layers: Sequence[str]) -> tuple[Tap, ...]:
    """Return the places of a checkpoint's network that ``layers`` names, as `choose_taps` does.

    Raises
    ------
    UserError
        If the network is not recognised, or a name stands for nothing.
    """
    network = checkpoint.network()
    assert checkpoint.architecture is not None, "a network was built, so it was recognised"
    return choose_taps(network, checkpoint.architecture, layers)


def looked_at(network: nn.Module, taps: Sequence[Tap], inputs: Tensor) -> tuple[Tensor, Values]:
    """Return a network's outputs, and the values at its taps, in their order and with their gradients."""
    with capture(network, taps, lambda _, values: values) as captured:
        outputs: Tensor = network(inputs)
    return outputs, [captured[tap.column] for tap in taps]


def paired(first: Sequence[Tap], second: Sequence[Tap]) -> list[Tap]:
    """Return for each tap of the first network that of the second at the same share of the depth."""
    last, stretch = len(second) - 1, max(len(first) - 1, 1)
    return [second[round(place * last / stretch)] for place in range(len(first))]


class Activations(TorchFunctionMode):
    """Keeps what every activation function gives while it is entered, called as a module or as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.values: Values = []

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Run the function, and keep what it gives if it is an activation."""
        result = function(*args, **(kwargs or {}))
        if function in _ACTIVATIONS:
            self.values.append(result)
        return result


def demand_activations(values: Values, name: str) -> Values:
    """Return the values.

    Raises
    ------
    UserError
        If there are none.
    """
    if not values:
        raise UserError(f"{name} has no activation function that can be zero.", "Choose a network with ReLU or GELU.")
    return values


_ACTIVATIONS = frozenset(
    getattr(place, name)
    for place in (F, torch, Tensor)
    for name in ("relu", "relu_", "relu6", "gelu", "silu", "hardswish")
    if hasattr(place, name)
)
