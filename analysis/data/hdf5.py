"""HDF5 files of images, numbers or tokens, read in place by slices."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from ..weights import WEIGHT
from .hdf5_filters import require_filters
from .labelled import Labels, encode, unlabelled
from .padding import LENGTHS, MASKS, filler_of, lengths_in
from .rows import Read, RowSource, read_rows
from .samples import as_samples
from .source import Pixels, has_suffix, refuse_scaling, refuse_split, source
from .weights import as_weights

_SAMPLES = ("images", "x", "X", "data", "features", "tokens", "input_ids")
_LABELS = ("labels", "y", "targets", "label")
_LISTED = 10  # names
_LARGEST_PIECE = 1 << 28  # bytes that must be unpacked to read one sample


@source("an HDF5 file of samples and labels", lambda p: any(has_suffix(p, s) for s in (".h5", ".hdf5", ".hdf")))
def open_hdf5(spec: DataSpec) -> RowSource:
    """Open the dataset of samples: ``images``, ``x``, ``data``, ``features`` or ``tokens``; and that of labels, if any.

    Shapes are those of `as_samples`. Of tokens, ``attention_mask`` or ``lengths`` say which fill samples up. The file
    stays open until closed.

    Raises
    ------
    UserError
        If it cannot be read, lacks a dataset or keeps it elsewhere, or shapes do not fit.
    """
    refuse_scaling(spec)
    refuse_split(spec.path, spec.split)
    try:
        file = h5py.File(spec.path, "r")
    except OSError as error:
        raise UserError(
            f"'{spec.path}' is not an HDF5 file that can be read.", "Check that it was copied whole."
        ) from error
    try:
        with _explained(spec.path):
            rows = _dataset(file, spec.path, _SAMPLES, "samples")
            kind, shape, convert = as_samples(rows, f"'{spec.path}'")
            further = dict(_further(file, spec, len(rows)))
            labelled = _labelled(file, spec, len(rows))
    except BaseException:
        file.close()
        raise

    def read(samples: NDArray[np.int64]) -> Pixels:
        with _explained(spec.path):
            return convert(read_rows(rows, samples))

    try:
        pad = _padding(file, spec.path, (len(rows), *shape), read) if kind == "tokens" else None
    except BaseException:
        file.close()
        raise
    return RowSource(spec.path, kind, shape, labelled, read, further=further, pad=pad, close=file.close)


def _padding(file: Any, path: str, shape: tuple[int, ...], read: Read) -> int | None:
    name = next((name for name in (*MASKS, *LENGTHS) if _own(file, path, name) is not None), None)
    if name is None:
        return None
    with _explained(path):
        values = _dataset(file, path, (name,), f"'{name}'")[()]
    return filler_of(read, lengths_in(values, shape, f"The values of '{name}' in '{path}'"), shape[1], f"'{path}'")


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn what the library says of damage into a sentence."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise UserError(f"'{path}' is damaged where it is read.", "Check that it was copied whole.") from error


def _further(file: Any, spec: DataSpec, count: int) -> Iterator[tuple[str, NDArray[Any]]]:
    for name in spec.labels:
        yield f"label.{name}", _column(file, spec.path, name, count)
    for name in spec.groups:
        yield f"group.{name}", _column(file, spec.path, name, count)
    if spec.weight is not None:
        yield WEIGHT, as_weights(spec, _column(file, spec.path, spec.weight, count), _label(file, spec))


def _dataset(file: Any, path: str, names: tuple[str, ...], what: str) -> Any:
    things = (_own(file, path, name) for name in names)
    found = next((thing for thing in things if isinstance(thing, h5py.Dataset) and thing.ndim), None)
    if found is None:
        held = ", ".join(list(file)[:_LISTED]) or "nothing"
        raise UserError(f"'{path}' has no {what}: it holds {held}.", f"Name the dataset {' or '.join(names)}.")
    if found.external or found.is_virtual:
        raise _elsewhere(path, found.name)
    require_filters(path, found)
    piece = prod(found.chunks or ()) * found.dtype.itemsize
    if piece > _LARGEST_PIECE:
        raise UserError(f"'{path}' keeps '{found.name}' in pieces of {piece:,} bytes.", "Write it in smaller chunks.")
    return found


def _own(file: Any, path: str, name: str) -> Any:
    """Return what the file has of that name, which may have slashes, or None; links are not followed."""
    thing = file
    for part in name.strip("/").split("/"):
        link = thing.get(part, getlink=True) if isinstance(thing, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise _elsewhere(path, name)
        thing = thing[part]
    return thing


def _elsewhere(path: str, name: str) -> UserError:
    return UserError(f"'{path}' keeps '{name}' behind a link or in another file.", "Copy its numbers into the file.")


def _labelled(file: Any, spec: DataSpec, count: int) -> Labels:
    name = _label(file, spec)
    if name is None:
        return unlabelled(count)
    return encode(_column(file, spec.path, name, count), f"The labels of '{spec.path}'")


def _label(file: Any, spec: DataSpec) -> str | None:
    return spec.label or next((n for n in _LABELS if _own(file, spec.path, n) is not None), None)


def _column(file: Any, path: str, name: str, count: int) -> NDArray[Any]:
    held = _dataset(file, path, (name,), f"'{name}'")
    if held.size != count:
        raise UserError(
            f"'{path}' has {count} samples but {held.size} values of '{name}'.", "Save one for each sample."
        )
    values: NDArray[Any] = held[()]
    return values.reshape(count)
