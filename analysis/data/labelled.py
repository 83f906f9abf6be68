"""Labels: whatever a file tells classes by, as numbers from 0 on and names."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError

_MOST_CLASSES = 100_000
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_EXACT = 2.0**53  # beyond it floats leave out whole numbers

Labels = tuple[NDArray[np.int64], tuple[str, ...]]


def encode(values: NDArray[Any], what: str) -> Labels:
    """Return indices (samples,) and the names of the classes that they stand for.

    Whole numbers from 0 on keep their meaning; with one below 0 they are sorted, and text as `ordered` says.

    Parameters
    ----------
    values : array, shape (samples,)
        Whole numbers, floats without a fraction, truth values, bytes or text.
    what : str
        What to call them in an error, such as ``The column 'kind' of 'a.csv'``.

    Raises
    ------
    UserError
        If a value is missing, has a fraction or is neither number nor text, or there are too many classes.
    """
    if values.dtype.kind == "f":
        values = _whole(values, what)
    if values.dtype.kind in "iub":
        return _numbered(values.astype(np.int64), what)
    texts = np.array([_text(value, what) for value in values.tolist()], object)
    if (texts == "").any():
        raise UserError(f"{what} is empty in row {int(np.argmax(texts == '')) + 1}.", "Give every sample a class.")
    names, inverse = np.unique(texts.astype(str), return_inverse=True)
    _check_count(len(names), what)
    classes = ordered(names.tolist())
    places = {name: place for place, name in enumerate(classes)}
    return np.array([places[name] for name in names.tolist()], np.int64)[inverse], classes


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names, each once: by number where all are whole numbers, else by text."""
    found = sorted(set(names))
    return tuple(sorted(found, key=int) if are_numbers(found) else found)


def are_numbers(names: Iterable[str]) -> bool:
    """Return whether all names are whole numbers."""
    return all(map(_WHOLE.fullmatch, names))


def encode_named(values: NDArray[Any], names: Sequence[str], origin: str, what: str) -> Labels:
    """Return labels that count ``names``, or are among them, and the names.

    Raises
    ------
    UserError
        If two names are the same, or a label is none of them; further as `encode`.
    """
    if len(set(names)) < len(names):
        raise UserError(f"Two classes of '{origin}' have the same name.", "Give each class a name of its own.")
    labels, found = encode(values, what)
    known = list(names) if values.dtype.kind in "OSU" else list(map(str, range(len(names))))
    strange = next((found[label] for label in np.unique(labels) if found[label] not in known), None)
    if strange is not None:
        raise UserError(
            f"'{origin}' has the label {strange} but only {len(names)} class names.",
            "Number the labels from 0 on and name every class.",
        )
    places = np.array([known.index(name) if name in known else -1 for name in found])
    return places[labels], tuple(names)


def unlabelled(samples: int) -> Labels:
    """Return the labels of samples without classes: −1."""
    return np.full(samples, -1, np.int64), ()


def _numbered(numbers: NDArray[np.int64], what: str) -> Labels:
    if not len(numbers) or numbers.min() >= 0:
        return _counted(numbers, what)
    names, labels = np.unique(numbers, return_inverse=True)
    _check_count(len(names), what)
    return labels.astype(np.int64), tuple(map(str, names.tolist()))


def _counted(labels: NDArray[np.int64], what: str) -> Labels:
    highest = int(labels.max(initial=-1))
    _check_count(highest + 1, what)
    return labels, tuple(map(str, range(highest + 1)))


def _whole(values: NDArray[Any], what: str) -> NDArray[np.int64]:
    bad = ~np.isfinite(values) | (values != np.floor(values)) | (np.abs(values) > _EXACT)
    if bad.any():
        row = int(np.argmax(bad))
        raise UserError(f"{what} is {values[row]} in row {row + 1}.", "Classes are names, or whole numbers from 0 on.")
    return values.astype(np.int64)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str | bytes | int | float):
        raise UserError(f"{what} holds a {type(value).__name__}, which names no class.", "Save whole numbers, or text.")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _check_count(count: int, what: str) -> None:
    if count > _MOST_CLASSES:
        raise UserError(f"{what} tells {count:,} classes apart.", f"At most {_MOST_CLASSES:,} make sense.")
