"""Means and deviations of channels, over the data, and layers that are given others."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from ...training.batches import generator
from .. import MethodContext

Layer = nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d
Layers = dict[str, Layer]
Moments = dict[str, Tensor]
"""Mean and deviation of every layer's output channels, (2, channels)."""


@torch.no_grad()
def moments_over(network: nn.Module, layers: Layers, goal: Moments, batch: int, context: MethodContext) -> Moments:
    """Run over the data once, in shuffled batches; return the moments of every layer.

    They are means over the batches of each batch's mean and variance. With a goal, each batch goes on with its channels
    as the goal has them, as it will once that is merged.
    """
    found = {name: _Running(goal.get(name)) for name in layers}
    hooks = [layer.register_forward_hook(found[name]) for name, layer in layers.items()]
    try:
        for inputs in shuffled(batch, context):
            network(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: running.moments() for name, running in found.items()}


@torch.no_grad()
def merge(layers: Layers, moments: Moments, goal: Moments) -> None:
    """Change weights and biases so that the moments become those of the goal."""
    for name, layer in layers.items():
        scale, shift = _affine(moments[name], goal[name])
        layer.weight.mul_(scale.view(-1, *[1] * (layer.weight.ndim - 1)))
        assert layer.bias is not None, "layers without one are not rescaled"
        layer.bias.mul_(scale).add_(shift)


def shuffled(batch: int, context: MethodContext) -> Iterator[Tensor]:
    """Give the inputs once, in an order that is always the same and mixes the classes; a lone last one is left."""
    data = context.data["data"]
    order = torch.randperm(len(data), generator=generator("moments")).numpy()
    for first in range(0, len(data), batch):
        context.ticket.progress(first, len(data), "statistics")
        if len(chosen := order[first : first + batch]) > 1:
            yield data.take(chosen).to(context.device)


class _Running:
    """Takes the moments of a layer's outputs, batch by batch."""

    def __init__(self, goal: Tensor | None) -> None:
        self._goal = goal
        self._means: list[Tensor] = []
        self._variances: list[Tensor] = []

    def __call__(self, layer: nn.Module, _: tuple[Tensor, ...], outputs: Tensor) -> Tensor | None:
        channel = outputs.ndim - 1 if isinstance(layer, nn.Linear) else 1
        variance, mean = torch.var_mean(outputs.movedim(channel, -1).flatten(0, -2), 0)
        self._means.append(mean)
        self._variances.append(variance)
        if self._goal is None:
            return None
        scale, shift = _affine(torch.stack([mean, variance.sqrt()]), self._goal)
        sides = [-1 if axis == channel else 1 for axis in range(outputs.ndim)]
        return outputs * scale.view(sides) + shift.view(sides)

    def moments(self) -> Tensor:
        """Return mean and deviation, (2, channels)."""
        return torch.stack([torch.stack(self._means).mean(0), torch.stack(self._variances).mean(0).sqrt()])


def _affine(now: Tensor, goal: Tensor) -> tuple[Tensor, Tensor]:
    """Return scale and shift from one mean and deviation to another; what has no deviation is only shifted."""
    tiny = torch.finfo(now.dtype).tiny
    scale = torch.where(now[1] > 0, goal[1] / now[1].clamp(min=tiny), torch.ones_like(now[1]))
    return scale, goal[0] - scale * now[0]
