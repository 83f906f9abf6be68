"""A data set as measures and features see it: chosen, decoded ahead of use, normalised."""

import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .labelled import Labels
from .normalise import Normalisation
from .scale import Scale, scale_of
from .source import InputKind, Pixels, Source

MEMORY = 1 << 30
"""Most bytes of decoded pixels that a set keeps."""
_SMALL = 128 * 128  # pixels of a picture below which the interpreter's lock makes two threads slower than one
_AHEAD = 2  # batches in the making while one is used
_PIECE = 32  # images a thread takes at a time
_LOOKED_AT = {"images": 64, "tokens": 4096, "numbers": 4096}  # samples, for their scale
_SCANNED = 4096  # samples read at once for their tokens


class Prepared:
    """Chosen samples of a source in the source's order, normalised; see `DataSet`.

    A set whose pixels fit in `MEMORY` is decoded once.

    Parameters
    ----------
    source : Source
        Where pixels come from; closed with the set.
    labelled : (array of int64, tuple of str)
        Labels and class names of all its samples.
    samples : array of int64, shape (samples,)
        Which of the source's samples.
    normalisation : Normalisation
        What `batches` applies.

    Attributes
    ----------
    places : array of int64, shape (samples,)
        Where each sample stands in the source.
    """

    def __init__(
        self, source: Source, labelled: Labels, samples: NDArray[np.int64], normalisation: Normalisation
    ) -> None:
        self.kind: InputKind = source.kind
        self.classes = labelled[1]
        self.labels = labelled[0][samples]
        self.names = tuple(source.names[sample] for sample in samples)
        self.further: Mapping[str, NDArray[Any]] = {name: values[samples] for name, values in source.further.items()}
        self.pad = source.pad
        self.vocabulary = source.vocabulary
        self.remarks = source.remarks
        self.shape = source.shape
        self._source = source
        self._samples = self.places = samples
        self.normalisation = normalisation
        fits = len(samples) * int(np.prod(source.shape)) <= MEMORY
        small = int(np.prod(source.shape[-2:])) < _SMALL
        self._threads = 1 if small else min(4, os.cpu_count() or 1)
        self._memory = _Memory(samples.shape, source.shape) if fits and not source.in_memory else None

    def __len__(self) -> int:
        return len(self._samples)

    def __enter__(self) -> "Prepared":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the source; the set cannot be read afterwards."""
        self._source.close()

    @cached_property
    def tokens(self) -> tuple[int, int]:
        """The lowest and the highest token of all samples, which are read for it."""
        ends = [(int(batch.min()), int(batch.max())) for batch in self.batches(_SCANNED)]
        return min(low for low, _ in ends), max(high for _, high in ends)

    @cached_property
    def scale(self) -> Scale:
        """How large the inputs are, of some samples that are spread evenly: of images as a whole, else by column.

        Pixels of one byte, which go from 0 to 1, are not read for it unless something normalises them.

        Raises
        ------
        UserError
            If a picture cannot be read; names it.
        """
        if self.kind == "images" and self.normalisation.mean is None and self._pixels(np.arange(1)).dtype == np.uint8:
            return scale_of(np.array([[0], [1]], np.float32))
        some = self.some(_LOOKED_AT[self.kind]).numpy()
        return scale_of(some.reshape(-1, 1) if self.kind == "images" else some)

    def batches(self, size: int, start: int = 0) -> Iterator[Tensor]:
        """Give inputs from sample ``start`` on, in order; see `DataSet`.

        Threads prepare the next batches while one is used: one thread for small pictures, a few for large ones.

        Raises
        ------
        ValueError
            If ``size`` is not above zero or ``start`` is negative.
        UserError
            If a picture cannot be read; names it.
        """
        if size < 1 or start < 0:
            raise ValueError(f"size {size} must be above 0, start {start} not below")
        return self._batches(size, start)

    def take(self, samples: NDArray[np.int64]) -> Tensor:
        """Return the inputs of these samples, in this order; see `DataSet`.

        Raises
        ------
        IndexError
            If a sample is out of range.
        UserError
            If a picture cannot be read; names it.
        """
        inputs = self._empty(len(samples))
        self._prepare(np.asarray(samples, np.int64), inputs)
        return torch.from_numpy(inputs)

    def some(self, most: int) -> Tensor:
        """Return the inputs of so many samples at most, spread evenly, as `take` does."""
        return self.take(np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).round().astype(np.int64)))

    def pictures(self, samples: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the samples as a person sees them, (samples, height, width, 3), before normalisation.

        Raises
        ------
        IndexError
            If a sample is out of range.
        UserError
            If a picture cannot be read; names it.
        ValueError
            If the samples are no images.
        """
        if self.kind != "images":
            raise ValueError(f"{self.kind} have no pictures")
        pixels = self._pixels(np.asarray(samples, np.int64))
        if pixels.dtype != np.uint8:
            pixels = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
        grey_or_rgb = np.moveaxis(pixels, 1, -1)
        return np.ascontiguousarray(np.broadcast_to(grey_or_rgb, (*grey_or_rgb.shape[:3], 3)))

    def _batches(self, size: int, start: int) -> Iterator[Tensor]:
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="decode")
        try:
            coming: deque[_Batch] = deque()
            for first in range(start, len(self), size):
                coming.append(self._begin(pool, first, min(first + size, len(self))))
                if len(coming) > _AHEAD:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _begin(self, pool: ThreadPoolExecutor, first: int, last: int) -> "_Batch":
        inputs = self._empty(last - first)
        pieces = [
            pool.submit(self._fill, inputs[piece - first : piece - first + _PIECE], piece)
            for piece in range(first, last, _PIECE)
        ]
        return _Batch(inputs, pieces)

    def _empty(self, samples: int) -> NDArray[Any]:
        return np.empty((samples, *self.shape), np.int64 if self.kind == "tokens" else np.float32)

    def _fill(self, out: NDArray[Any], first: int) -> None:
        self._prepare(np.arange(first, first + len(out)), out)

    def _prepare(self, positions: NDArray[np.int64], out: NDArray[Any]) -> None:
        values = self._pixels(positions)
        if self.kind == "images":
            self.normalisation.apply(values, out)
        else:
            out[...] = values

    def _pixels(self, positions: NDArray[np.int64]) -> Pixels:
        if self._memory is None:
            return self._source.read(self._samples[positions])
        lacking = positions[~self._memory.filled[positions]]
        if len(lacking):
            self._memory.keep(lacking, self._source.read(self._samples[lacking]))
        return self._memory.pixels[positions]


class _Memory:
    """Decoded pixels by position, and which are there."""

    def __init__(self, samples: tuple[int, ...], shape: tuple[int, ...]) -> None:
        self.pixels = np.empty(samples + shape, np.uint8)
        self.filled = np.zeros(samples, bool)

    def keep(self, positions: NDArray[np.int64], pixels: Pixels) -> None:
        self.pixels[positions] = pixels
        self.filled[positions] = True  # last, so that another thread never takes what is not there


@dataclass(frozen=True)
class _Batch:
    inputs: NDArray[Any]
    pieces: list[Future[None]]

    def result(self) -> Tensor:
        for piece in self.pieces:
            piece.result()
        return torch.from_numpy(self.inputs)
