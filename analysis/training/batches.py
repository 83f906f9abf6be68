"""What a network learns from: batches that depend on seed and step alone, so that training can go on anywhere."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ..data import DataSet
from ..errors import UserError
from ..identity import digest
from .parameters import TrainingParameters

_AHEAD = 2  # batches that are prepared while one is used


@dataclass(frozen=True)
class Batch:
    """Some samples.

    Attributes
    ----------
    inputs : Tensor, shape (samples, …)
        As `DataSet.batches` gives them.
    labels : Tensor of int64, shape (samples,)
        True classes; −1 where there are none.
    pad : int or None
        The token that fills short samples.
    """

    inputs: Tensor
    labels: Tensor
    pad: int | None = None


def generator(*content: object) -> torch.Generator:
    """Return a generator whose stream depends on ``content``, JSON values, alone."""
    return torch.Generator().manual_seed(int(digest(list(content))[:15], 16))


def overview(data: DataSet, device: torch.device, most: int = 256) -> Batch:
    """Return so many samples, spread evenly over the set, as they are: what is learnt is looked at on them."""
    chosen = np.unique(np.linspace(0, len(data) - 1, min(most, len(data))).round().astype(np.int64))
    return Batch(data.take(chosen).to(device), torch.from_numpy(data.labels[chosen]).to(device), data.pad)


class Batches:
    """A data set in shuffled batches on a device.

    One pass follows another without a gap, so that every batch is full; each pass has an order of its own. Samples
    that are held out are not among them.

    Raises
    ------
    UserError
        If there is nothing to train on, or nothing to hold out.
    """

    def __init__(self, data: DataSet, parameters: TrainingParameters, seed: int, device: torch.device) -> None:
        self._data, self._seed, self._device = data, seed, device
        self._augment = parameters.augment == "crop_flip"
        if self._augment and data.kind != "images":
            raise UserError(f"{data.kind.capitalize()} cannot be cropped and mirrored.", 'Set augment = "none".')
        self.held, self.training = _split(len(data), parameters.held_out, seed)
        self.batch = min(parameters.batch, len(self.training))
        self.steps = parameters.total_steps(len(self.training))

    def from_step(self, step: int) -> Iterator[Batch]:
        """Give the batches from a step on, to the last."""
        with ThreadPoolExecutor(1, "batches") as pool:
            coming: deque[Future[Batch]] = deque()
            try:
                for number in range(step, self.steps):
                    coming.append(pool.submit(self.at, number))
                    if len(coming) > _AHEAD:
                        yield self._placed(coming.popleft().result())
                while coming:
                    yield self._placed(coming.popleft().result())
            finally:
                for batch in coming:
                    batch.cancel()

    def first(self) -> Batch:
        """Return the first batch."""
        return self._placed(self.at(0))

    def held_out(self) -> Iterator[Batch]:
        """Give the samples that are held out, in order and as they are."""
        for first in range(0, len(self.held), self.batch):
            yield self._placed(self._take(self.held[first : first + self.batch]))

    def at(self, step: int) -> Batch:
        """Return the batch of a step, in main memory."""
        batch = self._take(self._chosen(step))
        if not self._augment:
            return batch
        shifted = shifted_and_mirrored(batch.inputs, generator(self._seed, "augment", step))
        return Batch(shifted, batch.labels, batch.pad)

    def _chosen(self, step: int) -> NDArray[np.int64]:
        size, first = len(self.training), step * self.batch
        places = np.arange(first, first + self.batch)
        orders = {number: self._order(number) for number in {first // size, (first + self.batch - 1) // size}}
        chosen = [orders[place // size][place % size] for place in map(int, places)]
        return self.training[chosen]

    def _order(self, number: int) -> NDArray[np.int64]:
        order: NDArray[np.int64] = torch.randperm(
            len(self.training), generator=generator(self._seed, "order", number)
        ).numpy()
        return order

    def _take(self, samples: NDArray[np.int64]) -> Batch:
        return Batch(self._data.take(samples), torch.from_numpy(self._data.labels[samples]), self._data.pad)

    def _placed(self, batch: Batch) -> Batch:
        layout = torch.channels_last if batch.inputs.ndim == 4 else torch.contiguous_format
        return Batch(batch.inputs.to(self._device, memory_format=layout), batch.labels.to(self._device), self._data.pad)


def shifted_and_mirrored(inputs: Tensor, draws: torch.Generator) -> Tensor:
    """Move each image by up to an eighth of its side, with zeros coming in, and mirror half of them.

    Parameters
    ----------
    inputs : Tensor, shape (samples, channels, height, width)
    draws : Generator
        Where the numbers come from.

    Source: He et al. 2016, Deep Residual Learning for Image Recognition, section 4.2 (4 pixels of 32).
    """
    samples, channels, height, width = inputs.shape
    down, right = height // 8, width // 8
    padded = F.pad(inputs, (right, right, down, down))
    rows = torch.randint(2 * down + 1, (samples, 1), generator=draws) + torch.arange(height)
    columns = torch.randint(2 * right + 1, (samples, 1), generator=draws) + torch.arange(width)
    mirrored = torch.rand(samples, 1, generator=draws) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    which = torch.arange(samples)[:, None, None, None], torch.arange(channels)[None, :, None, None]
    return padded[(*which, rows[:, None, :, None], columns[:, None, None, :])]


def _split(samples: int, share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order: NDArray[np.int64] = torch.randperm(samples, generator=generator(seed, "held out")).numpy()
    held = round(share * samples)
    if held == samples or (share and not held):
        raise UserError(
            f"Of {samples} samples, held_out = {share} keeps {held} aside.", "Choose another share, or more samples."
        )
    return np.sort(order[:held]), np.sort(order[held:])
