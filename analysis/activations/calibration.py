"""Samples that a network is looked at on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..data import DataSet
from ..features.extraction import halved
from ..jobs.protocol import Ticket
from .watching import Batch, Watcher, settled, watched


@dataclass(frozen=True)
class Calibration:
    """A network and the samples that it is looked at on, always the same ones in the same order.

    Attributes
    ----------
    network : Module
        In evaluation mode, on the device.
    data : DataSet
        Where the samples come from.
    device : torch.device
        Where to compute.
    ticket : Ticket
        Progress in samples, and cancellation at every batch.
    samples : int
        How many, drawn from all with a seed of their own; all where there are fewer.
    batch : int
        Samples a forward pass; half of them, from then on, where the device's memory is too small.
    """

    network: nn.Module
    data: DataSet
    device: torch.device
    ticket: Ticket
    samples: int
    batch: int = 64

    def watch(self, watchers: Sequence[Watcher]) -> None:
        """Run the samples through the network once, with watchers looking on.

        Raises
        ------
        UserError
            If not even one sample fits in the device's memory.
        """
        size, done = self.batch, 0
        with watched(self.network, watchers), torch.no_grad():
            while done < self._count:
                try:
                    for batch in self.batches(size, done):
                        with settled(watchers, batch):
                            self.network(batch.inputs)
                        done += len(batch.inputs)
                except torch.OutOfMemoryError as error:
                    size = halved(size, error)

    def batches(self, size: int | None = None, start: int = 0) -> Iterator[Batch]:
        """Give the samples from one on, by batches on the device."""
        for held in self._held(size or self.batch, start):
            self.ticket.progress(start, self._count, "activations")
            inputs = held.to(self.device)
            yield Batch(inputs, None if self.data.pad is None else inputs != self.data.pad)
            start += len(inputs)

    def _held(self, size: int, start: int) -> Iterator[Tensor]:
        if self._count == len(self.data):
            return self.data.batches(size, start)
        return (self.data.take(chosen.numpy()) for chosen in self._order()[start:].split(size))

    @property
    def _count(self) -> int:
        return min(self.samples, len(self.data))

    def _order(self) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return torch.randperm(len(self.data), generator=generator)[: self._count].sort().values
