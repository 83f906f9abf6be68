"""Means and deviations of channels over all of the data, however these are cut into batches."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...errors import UserError
from .. import MethodContext

Used = TypeVar("Used", bound=nn.Module)
Layers = Mapping[str, nn.Module]
Hook = Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]


class Moments(NamedTuple):
    """Mean and deviation of every channel, float64, (channels,) each; the deviation is that of n − 1."""

    mean: Tensor
    deviation: Tensor


class Pooled:
    """Takes values batch by batch, and has the moments of all of them as if they had come at once.

    Source: Chan, Golub and LeVeque 1983, Algorithms for Computing the Sample Variance.
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean = self._squares = torch.zeros((), dtype=torch.float64)

    def add(self, values: Tensor) -> None:
        """Take in values, (values, channels)."""
        new = len(values)
        if not new:
            return
        variance, mean = (found.cpu() for found in torch.var_mean(values.double(), 0, correction=0))
        count, apart = self._count + new, mean - self._mean
        self._squares = self._squares + new * variance + apart**2 * (self._count * new / count)
        self._mean = self._mean + apart * (new / count)
        self._count = count

    def moments(self, name: str) -> Moments:
        """Return the moments of the layer ``name``.

        Raises
        ------
        UserError
            If there are fewer than two values a channel, or one is no number.
        """
        if self._count < 2:
            raise UserError(f"The layer '{name}' has one value a channel, and no deviation.", "Take more samples.")
        found = Moments(self._mean, (self._squares / (self._count - 1)).sqrt())
        if not torch.stack(found).isfinite().all():
            raise UserError(f"The layer '{name}' gives values that are no numbers.", "Repair a network that works.")
        return found


@torch.no_grad()
def moments_over(network: nn.Module, layers: Layers, batch: int, context: MethodContext) -> dict[str, Moments]:
    """Return the moments of layers over the whole data set: of what batch norms get, and of what others give.

    They are those of all samples, positions and real tokens alike: the size and the order of batches change nothing.
    No pass goes beyond the last layer, and one that is not used has none.
    """
    watch = _Watch(_uses(network, layers, context))
    with _hooked(layers, watch):
        for inputs in _batches(batch, context):
            watch.begin(inputs, context.data["data"].pad)
            with suppress(_Reached):
                network(inputs)
    return {name: watch.pooled[layer].moments(name) for name, layer in layers.items() if layer in watch.pooled}


def in_order(network: nn.Module, layers: Mapping[str, Used], context: MethodContext) -> dict[str, Used]:
    """Return the layers by when the network first uses them, without those that it does not."""
    names: dict[nn.Module, str] = {layer: name for name, layer in layers.items()}
    return {name: layers[name] for name in map(names.__getitem__, _uses(network, layers, context))}


@torch.no_grad()
def _uses(network: nn.Module, layers: Layers, context: MethodContext) -> Counter[nn.Module]:
    """Return how often one pass uses each layer, in the order of their first uses."""
    used: Counter[nn.Module] = Counter()
    with _hooked(layers, lambda layer, _, __: used.update([layer])):
        network(next(context.data["data"].batches(1)).to(context.device))
    return used


@contextmanager
def _hooked(layers: Layers, hook: Hook) -> Iterator[None]:
    handles = [layer.register_forward_hook(hook) for layer in layers.values()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _batches(batch: int, context: MethodContext) -> Iterator[Tensor]:
    data, done = context.data["data"], 0
    for inputs in data.batches(batch):
        context.ticket.progress(done, len(data), "statistics")
        yield inputs.to(context.device)
        done += len(inputs)


class _Reached(Exception):  # noqa: N818 - no error: what follows in a pass is not needed
    pass


class _Watch:
    """Pools the values of layers as a network uses them, and ends a pass after the last use."""

    def __init__(self, uses: Counter[nn.Module]) -> None:
        self.pooled = {layer: Pooled() for layer in uses}
        self._uses = uses.total()
        self._left = 0
        self._real: Tensor | None = None

    def begin(self, inputs: Tensor, pad: int | None) -> None:
        """Expect a pass over inputs, of which tokens that only fill up do not count."""
        self._left = self._uses
        self._real = None if pad is None else inputs != pad

    def __call__(self, layer: nn.Module, arguments: tuple[Tensor, ...], outputs: Tensor) -> None:
        values = arguments[0] if isinstance(layer, _BatchNorm) else outputs
        channel = values.ndim - 1 if isinstance(layer, nn.Linear) else 1
        self.pooled[layer].add(self._rows(values.movedim(channel, -1)))
        self._left -= 1
        if not self._left:
            raise _Reached

    def _rows(self, values: Tensor) -> Tensor:
        """Return values, (samples, …, channels), as rows: those of real tokens, where there is a row for every one."""
        if self._real is not None and values.shape[:-1] == self._real.shape:
            return values[self._real]
        return values.flatten(0, -2)
