"""What one sample costs a network on paper."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from .architecture import Architecture


def macs(network: nn.Module, architecture: Architecture) -> int:
    """Return the multiply-accumulates of one sample: those of convolutions, matrix products and attention.

    PyTorch's own counter counts them. The network may be on the meta device, where counting needs no memory.
    """
    return int(_counted(network, architecture).get_total_flops()) // 2


def macs_by_layer(network: nn.Module, architecture: Architecture) -> dict[str, int]:
    """Return `macs` of every module by its dotted name; a module's include those of the modules in it."""
    counts = _counted(network, architecture).get_flop_counts()
    return {name.partition(".")[2]: sum(by_operation.values()) // 2 for name, by_operation in counts.items()}


def _counted(network: nn.Module, architecture: Architecture) -> FlopCounterMode:
    device = next(network.parameters()).device
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        network.eval()(architecture.example(1).to(device))
    return counter
