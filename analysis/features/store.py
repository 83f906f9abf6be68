"""Per-sample columns in HDF5 files that survive a kill at any moment.

A growing file has its whole layout from the start: every dataset contiguous and allocated. Rows are then written in
place, outside the HDF5 library, and a small record beside the file says how many are whole; so the file is valid HDF5
at every moment, and the finished file does not depend on where the work was interrupted.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray


def write_columns(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write whole columns, each (samples, …), to an HDF5 file; nothing is left behind if it fails."""
    partial = path.with_name(path.name + ".writing")
    try:
        with h5py.File(partial, "w") as file:
            for name, values in columns.items():
                file.create_dataset(name, data=values)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def read_column(path: Path, name: str) -> NDArray[Any]:
    """Return one whole column."""
    with h5py.File(path, "r") as file:
        values: NDArray[Any] = file[name][()]
    return values


class GrowingFile:
    """Columns of known shape that are filled row by row, and renamed to ``path`` when whole.

    Parameters
    ----------
    path : Path
        Where the finished file goes; it grows as ``path.partial`` beside it.
    rows : int
        Number of samples.
    """

    def __init__(self, path: Path, rows: int) -> None:
        self.path = path
        self.rows = rows
        self._partial = path.with_name(path.name + ".partial")
        self._record = path.with_name(path.name + ".partial.json")
        self._views: dict[str, np.memmap[Any, np.dtype[np.float32]]] = {}

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
        if record.get("rows") != self.rows or not self._partial.exists():
            return 0
        return int(record["done"])

    def lay_out(self, widths: Mapping[str, int]) -> None:
        """Allocate a (rows, width) float32 dataset for every name."""
        self._record.unlink(missing_ok=True)
        with h5py.File(self._partial, "w") as file:
            for name, width in widths.items():
                properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
                properties.set_layout(h5py.h5d.CONTIGUOUS)
                space = h5py.h5s.create_simple((self.rows, width))
                h5py.h5d.create(file.id, name.encode(), h5py.h5t.NATIVE_FLOAT, space, properties)

    def write(self, start: int, columns: Mapping[str, NDArray[np.float32]]) -> None:
        """Write rows from ``start`` on, and record them as whole once they are."""
        views = self._views or self._open()
        for name, values in columns.items():
            views[name][start : start + len(values)] = values
            stop = start + len(values)
        for view in views.values():
            view.flush()
        self._note(stop)

    def finish(self) -> None:
        """Give the file its name."""
        self._views.clear()
        self._partial.replace(self.path)
        self._record.unlink(missing_ok=True)

    def _open(self) -> dict[str, np.memmap[Any, np.dtype[np.float32]]]:
        with h5py.File(self._partial, "r") as file:
            places = {name: (dataset.id.get_offset(), dataset.shape) for name, dataset in file.items()}
        self._views = {
            name: np.memmap(self._partial, np.float32, "r+", offset, shape) for name, (offset, shape) in places.items()
        }
        return self._views

    def _note(self, done: int) -> None:
        draft = self._record.with_name(self._record.name + ".new")
        draft.write_text(json.dumps({"rows": self.rows, "done": done}), encoding="utf-8")
        draft.replace(self._record)
