"""Samples that a network is looked at on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..data import DataSet
from ..features.extraction import halved
from ..jobs.protocol import Ticket
from .watching import Batch, Watcher, watched


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
        order, batch, start = self._order(), self.batch, 0
        with watched(self.network, watchers), torch.no_grad():
            while start < len(order):
                try:
                    for done in self._pass(order[start:], batch, watchers):
                        start += done
                        self.ticket.progress(start, len(order), "activations")
                except torch.OutOfMemoryError as error:
                    batch = halved(batch, error)

    def _pass(self, order: Tensor, batch: int, watchers: Sequence[Watcher]) -> Iterator[int]:
        """Run samples by batches; give, after each, how many there were."""
        for chosen in order.split(batch):
            inputs = self.data.take(chosen.numpy()).to(self.device)
            given = Batch(inputs, None if self.data.pad is None else inputs != self.data.pad)
            for watcher in watchers:
                watcher.begin(given)
            self.network(inputs)
            for watcher in watchers:
                watcher.settle()
            yield len(inputs)

    def _order(self) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return torch.randperm(len(self.data), generator=generator)[: self.samples].sort().values
