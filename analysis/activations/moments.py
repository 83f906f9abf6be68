"""Means and deviations of channels over all samples, however these are cut into batches."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.hooks import RemovableHandle

from ..errors import UserError
from .watching import Batch


class Moments(NamedTuple):
    """Mean and deviation of every channel, float64, (channels,) each; the deviation is that of n − 1."""

    mean: Tensor
    deviation: Tensor


class ChannelMoments:
    """The moments of what a batch norm gets, or of what another layer gives: of samples, places and real tokens alike.

    Source: Chan, Golub and LeVeque 1983, Algorithms for Computing the Sample Variance.

    Parameters
    ----------
    layer : str
        The layer's name.
    """

    def __init__(self, layer: str) -> None:
        self._layer = layer
        self._count = 0
        self._mean = self._squares = torch.zeros((), dtype=torch.float64)

    @property
    def seen(self) -> bool:
        """Whether the layer was used."""
        return self._count > 0

    def moments(self) -> Moments:
        """Return the moments of all values.

        Raises
        ------
        UserError
            If there are fewer than two values a channel, or one is no number.
        """
        if self._count < 2:
            raise UserError(
                f"The layer '{self._layer}' has one value a channel, and no deviation.", "Take more samples."
            )
        found = Moments(self._mean, (self._squares / (self._count - 1)).sqrt())
        if not torch.stack(found).isfinite().all():
            raise UserError(
                f"The layer '{self._layer}' gives values that are no numbers.", "Repair a network that works."
            )
        return found

    def hooks(self, network: nn.Module) -> Iterator[RemovableHandle]:
        """Begin to look."""
        layer = network.get_submodule(self._layer)
        if isinstance(layer, _BatchNorm):
            yield layer.register_forward_pre_hook(lambda module, args: self._see(module, args[0]))
        else:
            yield layer.register_forward_hook(lambda module, _, output: self._see(module, output))

    def begin(self, batch: Batch) -> None:
        """Forget what an unsettled batch left."""
        self._real = batch.real
        self._pending: list[tuple[int, Tensor, Tensor]] = []

    def settle(self) -> None:
        """Add what was seen of the batch."""
        for new, mean, variance in self._pending:
            count, apart = self._count + new, mean - self._mean
            self._squares = self._squares + new * variance + apart**2 * (self._count * new / count)
            self._mean = self._mean + apart * (new / count)
            self._count = count

    def _see(self, layer: nn.Module, values: Tensor) -> None:
        channel = values.ndim - 1 if isinstance(layer, nn.Linear) else 1
        rows = self._rows(values.movedim(channel, -1)).double()
        if len(rows):
            variance, mean = (found.cpu() for found in torch.var_mean(rows, 0, correction=0))
            self._pending.append((len(rows), mean, variance))

    def _rows(self, values: Tensor) -> Tensor:
        """Return values, (samples, …, channels), as rows: those of real tokens, where there is a row for every one."""
        if self._real is not None and values.shape[:-1] == self._real.shape:
            return values[self._real]
        return values.flatten(0, -2)
