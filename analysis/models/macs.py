"""What one sample costs a network on paper."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from .architecture import Architecture
from .weight import Weight


def macs(network: nn.Module, architecture: Architecture) -> int:
    """Return the multiply-accumulates of one sample: those of convolutions, matrix products and attention.

    PyTorch's own counter counts them. The network may be on the meta device, where counting needs no memory.
    """
    return int(_counted(network, architecture).get_total_flops()) // 2


def macs_by_weight(network: nn.Module, architecture: Architecture, weights: Sequence[Weight]) -> dict[str, float]:
    """Return `macs` of every weight by its name: those of its layer; of several in one, each has its share by size."""
    by_layer = macs_by_layer(network, architecture)
    sizes: dict[str, int] = {}
    for weight in weights:
        sizes[_holder(weight.name)] = sizes.get(_holder(weight.name), 0) + weight.size
    own = {layer: by_layer.get(layer, 0) - _inner(layer, by_layer) for layer in sizes}
    return {w.name: own[_holder(w.name)] * w.size / sizes[_holder(w.name)] for w in weights}


def macs_by_layer(network: nn.Module, architecture: Architecture) -> dict[str, int]:
    """Return `macs` of every module by its dotted name; a module's include those of the modules in it."""
    counts = _counted(network, architecture).get_flop_counts()
    return {name.partition(".")[2]: sum(by_operation.values()) // 2 for name, by_operation in counts.items()}


def _holder(name: str) -> str:
    return name.rpartition(".")[0]


def _inner(layer: str, counts: Mapping[str, int]) -> int:
    return sum(count for name, count in counts.items() if name and name != layer and _holder(name) == layer)


def _counted(network: nn.Module, architecture: Architecture) -> FlopCounterMode:
    device = next(network.parameters()).device
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        network.eval()(architecture.example(1).to(device))
    return counter
