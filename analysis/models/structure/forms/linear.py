"""A map of channels, for every token or row alike."""

from collections.abc import Mapping

from torch import nn


def make(layer: nn.Module, options: Mapping[str, int]) -> nn.Module:
    """Return a linear layer from ``takes`` channels to ``gives``."""
    device = next((parameter.device for parameter in layer.parameters()), None)
    return nn.Linear(options["takes"], options["gives"], device=device)
