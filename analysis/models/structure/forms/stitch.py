"""A map of channels that fits what one network gives to what another takes."""

from collections.abc import Mapping

from torch import nn


def make(layer: nn.Module, options: Mapping[str, int]) -> nn.Module:
    """Return a linear map from ``takes`` channels to ``gives``: of maps a 1×1 convolution, of tokens (0) a matrix."""
    device = next((parameter.device for parameter in layer.parameters()), None)
    if options.get("maps", 1):
        return nn.Conv2d(options["takes"], options["gives"], 1, device=device)
    return nn.Linear(options["takes"], options["gives"], device=device)
