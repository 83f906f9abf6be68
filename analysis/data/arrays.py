"""Images and labels in memory."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .source import InputKind, Pixels


class ArraySource:
    """Pictures that are in memory; see `Source`.

    Parameters
    ----------
    origin : str
        What to call it in an error.
    pixels : array, shape (samples, channels, height, width)
        uint8, or float32 where 1 is white.
    labels : array of int, shape (samples,)
        Indices into ``classes``.
    classes : tuple of str
        In the order of the labels, which is that of a network's outputs.
    numbers : array of int, shape (samples,), or None
        What to number the samples by in their names; None counts them.
    """

    kind: InputKind = "images"
    in_memory = True
    pad: int | None = None
    vocabulary: int | None = None
    remarks: Sequence[str] = ()

    def __init__(
        self,
        origin: str,
        pixels: Pixels,
        labels: NDArray[np.integer],
        classes: tuple[str, ...],
        numbers: NDArray[np.integer] | None = None,
    ) -> None:
        self.origin = origin
        self.classes = classes
        self.shape: tuple[int, ...] = pixels.shape[1:]
        self.further: Mapping[str, NDArray[Any]] = {}
        self._pixels = pixels
        self._order = np.argsort(labels, kind="stable")
        self.labels = labels[self._order].astype(np.int64)
        numbers = self._order if numbers is None else numbers[self._order]
        self.names: Sequence[str] = tuple(
            f"{classes[label]}/{number:05d}" for label, number in zip(self.labels, numbers, strict=True)
        )

    def read(self, samples: NDArray[np.int64]) -> Pixels:
        """Copy the samples out, (samples, channels, height, width)."""
        return self._pixels[self._order[samples]]

    def close(self) -> None:
        """Do nothing: no file is open."""
