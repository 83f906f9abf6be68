"""Networks as they are before training."""

import torch
from torch import Tensor, nn

_SPREAD = 0.02  # of weights that begin normal


def untrained(network: nn.Module, seed: int) -> nn.Module:
    """Return the network with every layer as PyTorch begins it, drawn from the seed.

    What belongs to no layer that knows how to begin, such as class tokens and positions, is drawn from N(0, 0.02²), as
    transformers are; of such vectors, biases are zero and scales one.
    """
    owned: set[Tensor] = set()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for module in network.cpu().modules():
            if callable(reset := getattr(module, "reset_parameters", None)):
                reset()
                owned |= set(module.parameters(recurse=False))
        for name, parameter in network.named_parameters():
            if parameter not in owned:
                _begin(parameter, is_bias="bias" in name.rpartition(".")[2])
    return network


def _begin(parameter: Tensor, *, is_bias: bool) -> None:
    if parameter.ndim > 1:
        parameter.normal_(0, _SPREAD)
    else:
        parameter.fill_(0 if is_bias else 1)
