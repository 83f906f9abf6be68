"""One column of a file of per-sample columns; truth values are kept eight to a byte.

It does without torch, for whoever only reads a workspace.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from .renamed import former

_SAMPLES = "samples"  # attribute of a packed column: how many truth values it holds


def put_column(file: h5py.File, name: str, values: NDArray[Any]) -> None:
    """Write a whole column, (samples, …); one of truth values, (samples,), is packed."""
    if values.dtype == bool and values.ndim == 1:
        file.create_dataset(name, data=np.packbits(values)).attrs[_SAMPLES] = len(values)
    else:
        file.create_dataset(name, data=values)


def place(column: h5py.Dataset) -> int | None:
    """Return where in the file a column's plain values begin; None where they are not plain."""
    offset: int | None = None if _SAMPLES in column.attrs else column.id.get_offset()
    return offset


def read_column(path: Path, name: str) -> NDArray[Any]:
    """Return one whole column; truth values as uint8, 0 or 1. The file may have it under the name it had before."""
    with h5py.File(path, "r") as file:
        column = file[name if name in file else former(name)]
        values: NDArray[Any] = column[()]
        return np.unpackbits(values, count=int(column.attrs[_SAMPLES])) if _SAMPLES in column.attrs else values


def read_octets(path: Path, name: str) -> tuple[NDArray[np.uint8], int]:
    """Return a column of truth values as packed bytes, and how many there are; plain zeros and ones are packed."""
    with h5py.File(path, "r") as file:
        column = file[name]
        values: NDArray[Any] = column[()]
        if _SAMPLES in column.attrs:
            return values, int(column.attrs[_SAMPLES])
    return np.packbits(values != 0), len(values)
