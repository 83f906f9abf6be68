"""Labelled pictures in memory, prepared for a network a batch at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import UserError

NORMALISATIONS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "mnist": ((0.1307,), (0.3081,)),
    "digits": ((0.3053,), (0.3762,)),
}
"""Means and deviations by name, one entry a channel, in units of [0, 1]."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Samples before they are chosen from and prepared.

    Attributes
    ----------
    pixels : array of uint8, shape (samples, height, width, channels)
        As decoded.
    labels : array of int64, shape (samples,)
        Indices into ``classes``.
    names, classes : tuple of str
        A readable name for each sample; names of all classes.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    classes: tuple[str, ...]


class PictureSet:
    """A data set over decoded pictures.

    Parameters
    ----------
    pictures : Pictures
        The samples.
    normalisation : tuple or None
        Means and deviations, one a channel; None leaves pixels in [0, 1].

    Raises
    ------
    UserError
        If the normalisation has another number of channels than the pictures.
    """

    def __init__(
        self, pictures: Pictures, normalisation: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    ) -> None:
        self._pixels = pictures.pixels
        self.labels = pictures.labels
        self.names = pictures.names
        self.classes = pictures.classes
        channels = self._pixels.shape[3]
        mean, deviation = normalisation or ((0.0,) * channels, (1.0,) * channels)
        if len(mean) != channels or len(deviation) != channels:
            raise UserError(
                f"The normalisation is for {len(mean)} channels, and the pictures have {channels}.",
                "Choose another normalisation, or give one mean and one deviation a channel.",
            )
        self._mean = torch.tensor(mean).view(1, -1, 1, 1)
        self._deviation = torch.tensor(deviation).view(1, -1, 1, 1)

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, size: int, start: int = 0) -> Iterator[Tensor]:
        """Give normalised float32 inputs, (batch, channels, height, width), from sample ``start`` on, in order."""
        for first in range(start, len(self), size):
            pixels = torch.from_numpy(self._pixels[first : first + size]).permute(0, 3, 1, 2)
            yield (pixels.float() / 255 - self._mean) / self._deviation

    def pictures(self, samples: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the samples as a person sees them, (samples, height, width, 3)."""
        chosen = self._pixels[samples]
        return np.repeat(chosen, 3, axis=3) if chosen.shape[3] == 1 else chosen


def spread(labels: NDArray[np.int64], limit: int | None) -> NDArray[np.int64]:
    """Return the samples of a limited set: the first of each class, as evenly as the classes allow, in order."""
    if limit is None or limit >= len(labels):
        return np.arange(len(labels))
    present = np.unique(labels)
    places = [np.flatnonzero(labels == label) for label in present]
    shares = _even_shares([len(place) for place in places], limit)
    return np.sort(np.concatenate([place[:share] for place, share in zip(places, shares, strict=True)]))


def _even_shares(sizes: Sequence[int], limit: int) -> list[int]:
    shares = [0] * len(sizes)
    while limit:
        open_classes = [i for i, size in enumerate(sizes) if shares[i] < size]
        each = max(1, limit // len(open_classes))
        for i in open_classes[:limit]:
            step = min(each, sizes[i] - shares[i], limit)
            shares[i] += step
            limit -= step
    return shares
