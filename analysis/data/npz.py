"""Samples and labels in an ``.npz``: images, rows of numbers, or tokens."""

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from ..weights import WEIGHT
from .arrays import ArraySource
from .labelled import Labels, encode, encode_named, unlabelled
from .npz_file import NpzFile
from .padding import LENGTHS, MASKS, filler_of, lengths_in
from .rows import RowSource, plain
from .samples import as_samples
from .source import Source, has_suffix, refuse_scaling, source
from .weights import as_weights

_SAMPLES = ("images", "x", "data", "features", "tokens", "input_ids")
_LABELS = ("labels", "y", "targets", "label", "target")
_NAMES = "class_names"


@source("an .npz of samples and labels", lambda path: has_suffix(path, ".npz"))
def open_npz(spec: DataSpec) -> Source:
    """Read ``images`` (or ``x``, ``data``, …), ``labels`` (or ``y``, ``targets``, …) and, if there, ``class_names``.

    Shapes are those of `as_samples`. Names such as ``x_train`` or ``test_images`` tell parts apart. Samples that are
    alone in the file have no labels. Of tokens, ``attention_mask`` or ``lengths`` say which fill samples up.

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
    pad = _padding(file, patterns, samples) if kind == "tokens" else None
    return RowSource(spec.path, kind, shape, labelled, lambda places: samples[places], further=further, pad=pad)


def _padding(file: NpzFile, patterns: tuple[str, ...], tokens: NDArray[Any]) -> int | None:
    name = file.find(patterns, (*MASKS, *LENGTHS))
    if name is None:
        return None
    lengths = lengths_in(file.array(name), tokens.shape, f"The values of '{name}' in '{file.path}'")
    return filler_of(lambda places: tokens[places], lengths, tokens.shape[1], f"'{file.path}'")


def _labelled(spec: DataSpec, file: NpzFile, patterns: tuple[str, ...], count: int) -> Labels:
    if spec.label is None and len([key for key in file.keys if key.lower() not in (*MASKS, *LENGTHS)]) == 1:
        return unlabelled(count)
    values = _column(file, "labels", patterns, (spec.label,) if spec.label else _LABELS, count)
    what = f"The labels of '{spec.path}'"
    if _NAMES not in file.keys:
        return encode(values, what)
    stored = file.array(_NAMES).flat
    names = [name.decode(errors="replace") if isinstance(name, bytes) else str(name) for name in stored]
    return encode_named(values, names, spec.path, what)


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
    if spec.weight is not None:
        label = spec.label or next((name for name in _LABELS if name == spec.weight), None)
        yield WEIGHT, as_weights(spec, _column(file, "weights", patterns, (spec.weight,), count), label)
