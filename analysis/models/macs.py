"""What one sample costs a network on paper."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from .architecture import Architecture


def macs(network: nn.Module, architecture: Architecture) -> int:
    """Return the multiply-accumulates of one sample: those of convolutions, matrix products and attention.

    PyTorch's own counter counts them. The network may be on the meta device, where counting needs no memory.
    """
    device = next(network.parameters()).device
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network.eval()(architecture.example(1).to(device))
    return int(counter.get_total_flops()) // 2
