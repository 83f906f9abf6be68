"""Samples as rows of one array, in memory or on the disk."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .labelled import Labels
from .source import InputKind, Pixels

Read = Callable[[NDArray[np.int64]], Pixels]


class RowSource:
    """Samples in the order of their file; see `Source`.

    Parameters
    ----------
    origin : str
        What to call it in an error.
    kind : {"images", "tokens", "numbers"}
        What a row is.
    shape : tuple of int
        Of one sample.
    labelled : (array of int64, tuple of str)
        Labels and class names.
    read : callable
        Gives rows by their numbers.
    names : sequence of str or None
        A readable name for each; None numbers them.
    further : mapping of str to array
        Other values of each sample.
    pad : int or None
        The token that fills short samples.
    vocabulary : int or None
        No token reaches it; None where only the samples tell.
    remarks : sequence of str
        What a person may want to know of how the file was read.
    close : callable
        Closes what ``read`` reads from.
    """

    in_memory = True

    def __init__(
        self,
        origin: str,
        kind: InputKind,
        shape: tuple[int, ...],
        labelled: Labels,
        read: Read,
        *,
        names: Sequence[str] | None = None,
        further: Mapping[str, NDArray[Any]] | None = None,
        pad: int | None = None,
        vocabulary: int | None = None,
        remarks: Sequence[str] = (),
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.origin = origin
        self.kind: InputKind = kind
        self.shape = shape
        self.labels, self.classes = labelled
        self.names: Sequence[str] = Numbered(len(self.labels)) if names is None else names
        self.further: Mapping[str, NDArray[Any]] = dict(further or {})
        self.pad = pad
        self.vocabulary = vocabulary
        self.remarks = remarks
        self.read = read
        self.close = close


class Numbered(Sequence[str]):
    """Names of a million samples that take no memory: their numbers."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return f"{index % self._count:06d}"


def plain(values: NDArray[Any]) -> NDArray[Any]:
    """Return values as HDF5 keeps them: text as UTF-8 bytes."""
    return values if values.dtype.kind == "f" else np.array([str(value).encode() for value in values])


def read_rows(rows: Any, samples: NDArray[np.int64]) -> NDArray[Any]:
    """Return rows of an array on the disk, in one piece where their numbers follow each other."""
    if not len(samples):
        return np.asarray(rows[:0])
    first, last = int(samples[0]), int(samples[-1])
    if last - first + 1 == len(samples) and (np.diff(samples) == 1).all():
        return np.asarray(rows[first : last + 1])
    wanted, places = np.unique(samples, return_inverse=True)
    return np.asarray(rows[wanted])[places]
