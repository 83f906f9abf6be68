"""Per-sample columns in HDF5 files that survive a kill at any moment.

A growing file has its whole layout from the start: every dataset contiguous and allocated. Rows are then written in
place, outside the HDF5 library, and a small record beside the file says how many are whole; so the file is valid HDF5
at every moment, and the finished file does not depend on where the work was interrupted.
"""

import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from ..atomic import PARTIAL, promise, replacing
from ..columns import place, put_column, read_column
from ..errors import UserError

__all__ = ["Columns", "GrowingFile", "Layout", "read_column", "write_columns"]

_SPARE = 64 << 20  # bytes that are left free on the disk


def write_columns(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write whole columns, each (samples, …), to an HDF5 file; truth values are packed. A failure leaves nothing.

    The file is made in memory, for HDF5 does not tell when the disk is full by the time that it closes a file.
    """
    made = io.BytesIO()
    with h5py.File(made, "w") as file:
        for name, values in columns.items():
            put_column(file, name, values)
    with replacing(path) as draft:
        draft.write_bytes(made.getbuffer())


class Columns(Mapping[str, NDArray[Any]]):
    """The columns of a finished file, each mapped from the disk: memory holds what is being looked at."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with h5py.File(path, "r") as file:
            self._places = {name: (place(data), data.shape, data.dtype) for name, data in file.items()}

    def __getitem__(self, name: str) -> NDArray[Any]:
        offset, shape, dtype = self._places[name]
        if offset is None or 0 in shape:  # chunked, packed or empty
            return read_column(self._path, name)
        return np.memmap(self._path, dtype, "c", offset, shape)  # what is changed in memory stays there

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Mapped(Sequence[NDArray[Any]]):
    """Columns of several files; each is mapped when it is asked for, and memory let go when nobody looks at it.

    Parameters
    ----------
    places : sequence of (file, column)
        Where they are.
    """

    def __init__(self, places: Sequence[tuple[str, str]]) -> None:
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, which: Any) -> Any:
        if isinstance(which, slice):
            return Mapped(self._places[which])
        file, column = self._places[which]
        return Columns(Path(file))[column]


@dataclass(frozen=True)
class Layout:
    """One sample's values in a column, and the number type that they are kept in."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def bytes(self) -> int:
        """What one sample takes."""
        return prod(self.shape) * self.dtype.itemsize


class GrowingFile:
    """Columns of known layout that are filled row by row, and renamed to ``path`` when whole.

    Parameters
    ----------
    path : Path
        Where the finished file goes; it grows as ``path.partial`` beside it.
    rows : int
        Number of samples.
    inputs : str
        What an earlier run must have had as well for its rows to count.
    """

    def __init__(self, path: Path, rows: int, inputs: str = "") -> None:
        self.path = path
        self.rows = rows
        self._run = {"rows": rows, "inputs": inputs}
        self._partial = path.with_name(f"{path.name}{PARTIAL}")
        self._record = path.with_name(f"{path.name}{PARTIAL}.json")
        self._views: dict[str, np.memmap[Any, np.dtype[Any]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._views.clear()

    def done(self) -> int:
        """Return how many rows are whole from an earlier run."""
        try:
            record = json.loads(self._record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0
        done = record.pop("done", 0)
        return int(done) if record == self._run and self._partial.exists() else 0

    def lay_out(self, layouts: Mapping[str, Layout]) -> None:
        """Allocate a dataset of ``rows`` for every name, over what an earlier run may have left.

        Raises
        ------
        UserError
            If the disk has no room for it.
        OSError
            If the room was taken meanwhile.
        """
        self._record.unlink(missing_ok=True)
        self._views.clear()
        self._partial.unlink(missing_ok=True)
        self._ask_for_room(self.rows * sum(layout.bytes for layout in layouts.values()))
        with h5py.File(self._partial, "w") as file:
            for name, layout in layouts.items():
                properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
                properties.set_layout(h5py.h5d.CONTIGUOUS)
                properties.set_obj_track_times(False)  # or the bytes would tell when the file was begun
                space = h5py.h5s.create_simple((self.rows, *layout.shape))
                h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(layout.dtype), space, properties)
        promise(self._partial)

    def layouts(self) -> dict[str, Layout]:
        """Return what was laid out."""
        return {name: Layout(view.shape[1:], view.dtype) for name, view in self._open().items()}

    def write(self, start: int, columns: Mapping[str, NDArray[Any]]) -> None:
        """Write rows from ``start`` on, and record them as whole once they are.

        Raises
        ------
        OverflowError
            If a value is too large for its column; the rows are not recorded.
        """
        views = self._open()
        stop = start
        for name, values in columns.items():
            stop = start + len(values)
            _check_range(name, values, views[name].dtype)
            views[name][start:stop] = values
        for view in views.values():
            view.flush()
        self._note(stop)

    def finish(self) -> None:
        """Give the file its name."""
        self._views.clear()
        self._partial.replace(self.path)
        self._record.unlink(missing_ok=True)

    def _ask_for_room(self, needed: int) -> None:
        free = shutil.disk_usage(self.path.parent).free
        if needed + _SPARE > free:
            needed += _SPARE
            raise UserError(
                f"The features need {needed / 1e9:.2f} GB, and {free / 1e9:.2f} GB are free in {self.path.parent}.",
                "Choose fewer layers, a pooling or float16, or make room.",
            )

    def _open(self) -> dict[str, np.memmap[Any, np.dtype[Any]]]:
        if not self._views:
            with h5py.File(self._partial, "r") as file:
                places = {name: (data.id.get_offset(), data.shape, data.dtype) for name, data in file.items()}
            self._views = {
                name: np.memmap(self._partial, dtype, "r+", offset, shape)
                for name, (offset, shape, dtype) in places.items()
            }
        return self._views

    def _note(self, done: int) -> None:
        draft = self._record.with_name(f"{self._record.name}{PARTIAL}")
        draft.write_text(json.dumps(self._run | {"done": done}), encoding="utf-8")
        draft.replace(self._record)


def _check_range(name: str, values: NDArray[Any], dtype: np.dtype[Any]) -> None:
    if dtype.itemsize < values.dtype.itemsize and values.size:
        largest = np.nanmax(np.abs(values), initial=0, where=np.isfinite(values))
        if largest > np.finfo(dtype).max:
            raise OverflowError(name)
