"""A map of channels, at every place of a map alike."""

from collections.abc import Mapping

from torch import nn


def make(layer: nn.Module, options: Mapping[str, int]) -> nn.Module:
    """Return a 1×1 convolution from ``takes`` channels to ``gives``."""
    device = next((parameter.device for parameter in layer.parameters()), None)
    return nn.Conv2d(options["takes"], options["gives"], 1, device=device)
