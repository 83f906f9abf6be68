"""HDF5 files of images, numbers or tokens, read in place by slices."""

from typing import Any

import h5py
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from .labelled import Labels, encode, unlabelled
from .rows import RowSource, read_rows
from .samples import as_samples
from .source import has_suffix, refuse_scaling, refuse_split, source

_SAMPLES = ("images", "x", "X", "data", "features", "tokens", "input_ids")
_LABELS = ("labels", "y", "targets", "label")


@source("an HDF5 file of samples and labels", lambda p: any(has_suffix(p, s) for s in (".h5", ".hdf5", ".hdf")))
def open_hdf5(spec: DataSpec) -> RowSource:
    """Open the dataset of samples: ``images``, ``x``, ``data``, ``features`` or ``tokens``; and that of labels, if any.

    Shapes are those of `as_samples`. The file stays open until closed.

    Raises
    ------
    UserError
        If it cannot be read, lacks a dataset, or shapes do not fit.
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
        rows = _dataset(file, spec.path, _SAMPLES, "samples")
        kind, shape, convert = as_samples(rows, f"'{spec.path}'")
        count = len(rows)
        further = {f"label.{n}": _column(file, spec.path, n, count) for n in spec.labels}
        further |= {f"group.{n}": _column(file, spec.path, n, count) for n in spec.groups}
        further |= {"weight": _column(file, spec.path, spec.weight, count)} if spec.weight else {}
        labelled = _labelled(file, spec, count)
    except BaseException:
        file.close()
        raise
    pad = 0 if kind == "tokens" else None
    return RowSource(
        spec.path,
        kind,
        shape,
        labelled,
        lambda s: convert(read_rows(rows, s)),
        further=further,
        pad=pad,
        close=file.close,
    )


def _dataset(file: Any, path: str, names: tuple[str, ...], what: str) -> Any:
    found = next((file[name] for name in names if isinstance(file.get(name), h5py.Dataset)), None)
    if found is None or found.ndim == 0:
        held = ", ".join(sorted(file)) or "nothing"
        raise UserError(f"'{path}' has no {what}: it holds {held}.", f"Name the dataset {' or '.join(names)}.")
    return found


def _labelled(file: Any, spec: DataSpec, count: int) -> Labels:
    name = spec.label or next((n for n in _LABELS if n in file), None)
    if name is None:
        return unlabelled(count)
    return encode(_column(file, spec.path, name, count), f"The labels of '{spec.path}'")


def _column(file: Any, path: str, name: str, count: int) -> NDArray[Any]:
    values: NDArray[Any] = _dataset(file, path, (name,), f"'{name}'")[()]
    if values.size != count:
        raise UserError(
            f"'{path}' has {count} samples but {values.size} values of '{name}'.", "Save one for each sample."
        )
    return values.reshape(count)
