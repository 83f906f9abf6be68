"""Samples and labels in an ``.npz``: images, rows of numbers, or tokens."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from .arrays import ArraySource
from .labelled import Labels, encode, unlabelled
from .npz_file import NpzFile
from .rows import RowSource, plain
from .samples import as_samples
from .source import Source, has_suffix, refuse_scaling, source

_SAMPLES = ("images", "x", "data", "features", "tokens", "input_ids")
_LABELS = ("labels", "y", "targets", "label", "target")
_NAMES = "class_names"


@source("an .npz of samples and labels", lambda path: has_suffix(path, ".npz"))
def open_npz(spec: DataSpec) -> Source:
    """Read ``images`` (or ``x``, ``data``, …), ``labels`` (or ``y``, ``targets``, …) and, if there, ``class_names``.

    Shapes are those of `as_samples`. Names such as ``x_train`` or ``test_images`` tell parts apart. Samples that are
    alone in the file have no labels.

    Raises
    ------
    UserError
        If the file cannot be read without unpickling, an array is missing, or shapes, values or labels do not fit.
    """
    refuse_scaling(spec)
    file = NpzFile(spec.path)
    patterns = file.patterns(spec.split, _SAMPLES)
    rows = file.read("samples", patterns, _SAMPLES)
    kind, shape, convert = as_samples(rows, f"'{spec.path}'")
    samples = convert(rows)
    labelled = _labelled(spec, file, patterns, len(rows))
    further = dict(_further(spec, file, patterns, len(rows)))
    if kind == "images" and labelled[1] and not further:
        return ArraySource(spec.path, samples, *labelled)
    pad = 0 if kind == "tokens" else None
    return RowSource(spec.path, kind, shape, labelled, lambda places: samples[places], further=further, pad=pad)


def _labelled(spec: DataSpec, file: NpzFile, patterns: tuple[str, ...], count: int) -> Labels:
    if spec.label is None and len(file.keys) == 1:
        return unlabelled(count)
    names = (spec.label,) if spec.label else _LABELS
    values = _column(file, "labels", patterns, names, count)
    what = f"The labels of '{spec.path}'"
    if _NAMES not in file.keys:
        return encode(values, what)
    return _named(file, values, what)


def _named(file: NpzFile, values: NDArray[Any], what: str) -> Labels:
    """Return labels that count the names in the file, or are among them."""
    stored = file.array(_NAMES).flat
    names = tuple(name.decode(errors="replace") if isinstance(name, bytes) else str(name) for name in stored)
    if len(set(names)) < len(names):
        raise UserError(f"Two classes of '{file.path}' have the same name.", "Give each class a name of its own.")
    labels, found = encode(values, what)
    known = names if values.dtype.kind in "OSU" else tuple(map(str, range(len(names))))
    strange = next((name for name in np.array(found)[np.unique(labels)] if name not in known), None)
    if strange is not None:
        raise UserError(
            f"'{file.path}' has the label {strange} but only {len(names)} class names.",
            "Number the labels from 0 on and name every class.",
        )
    places = np.array([known.index(name) if name in known else -1 for name in found])
    return places[labels], names


def _column(file: NpzFile, what: str, patterns: tuple[str, ...], names: tuple[str, ...], count: int) -> NDArray[Any]:
    values = file.read(what, patterns, names)
    if values.size != count or not values.ndim:
        raise UserError(f"'{file.path}' has {count} samples but {values.size} {what}.", "Save one for each sample.")
    return values.reshape(count)


def _further(
    spec: DataSpec, file: NpzFile, patterns: tuple[str, ...], count: int
) -> Iterator[tuple[str, NDArray[Any]]]:
    for kind, names in (("label", spec.labels), ("group", spec.groups)):
        for name in names:
            yield f"{kind}.{name}", plain(_column(file, f"values of '{name}'", patterns, (name,), count))
    if spec.weight:
        yield "weight", _column(file, "weights", patterns, (spec.weight,), count)
