"""Text files: a sample a line, plain or as JSON."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from ..weights import WEIGHT
from .labelled import encode, unlabelled
from .rows import RowSource
from .source import has_suffix, refuse_scaling, refuse_split, source
from .text_file import opened_text
from .tokenizing import text_source
from .weights import as_weights


@source("a .txt with a text a line", lambda path: has_suffix(path, ".txt"))
def open_lines(spec: DataSpec) -> RowSource:
    """Open the lines that are not blank, without labels.

    Raises
    ------
    UserError
        If the file is not UTF-8 text; further as `text_source`.
    """
    _refuse_parts(spec)
    texts = [line for line in _lines(spec.path) if line.strip()]
    return text_source(spec, texts, unlabelled(len(texts)))


@source("a .jsonl with an object a line", lambda path: has_suffix(path, ".jsonl"))
def open_json_lines(spec: DataSpec) -> RowSource:
    """Open the objects: their ``text``, or the declared field, and their ``label``, in any case, if the first has one.

    Raises
    ------
    UserError
        If a line is no object or lacks a field; further as `text_source`.
    """
    _refuse_parts(spec)
    objects = [_object(line, number, spec.path) for number, line in enumerate(_lines(spec.path), 1) if line.strip()]
    texts = [str(_field(item, spec.text or "text", number, spec.path)) for number, item in enumerate(objects, 1)]
    further: dict[str, NDArray[Any]] = {
        f"{kind}.{name}": np.array(
            [str(_field(item, name, n, spec.path)).encode() for n, item in enumerate(objects, 1)]
        )
        for kind, names in (("label", spec.labels), ("group", spec.groups))
        for name in names
    }
    if spec.weight is not None:
        values = [_field(item, spec.weight, number, spec.path) for number, item in enumerate(objects, 1)]
        further[WEIGHT] = as_weights(spec, _numbers(values), _label(spec, objects))
    return text_source(spec, texts, _labelled(spec, objects), further)


def _numbers(values: list[Any]) -> NDArray[Any]:
    """Return numbers as such, infinite where they are too large, and anything else as objects."""
    if not all(type(value) in (int, float) for value in values):
        return np.array(values, object)
    return np.array([np.inf if abs(value) > sys.float_info.max else value for value in values], np.float64)


def _label(spec: DataSpec, objects: list[dict[str, Any]]) -> str | None:
    usual = (name for name in (objects[0] if objects else ()) if name.lower() == "label")
    return spec.label or next(usual, None)


def _labelled(spec: DataSpec, objects: list[dict[str, Any]]) -> Any:
    name = _label(spec, objects)
    if name is None:
        return unlabelled(len(objects))
    values = [_field(item, name, number, spec.path) for number, item in enumerate(objects, 1)]
    whole = all(isinstance(value, int) and abs(value) < 2**63 for value in values)
    return encode(np.array(values, np.int64 if whole else object), f"The field '{name}' of '{spec.path}'")


def _object(line: str, number: int, path: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"Line {number} of '{path}' is not JSON.", "Mend it or take it out.") from error
    if not isinstance(found, dict):
        raise UserError(f"Line {number} of '{path}' is no object.", 'Write {"text": …} on every line.')
    return found


def _field(item: dict[str, Any], name: str, number: int, path: str) -> Any:
    value = item.get(name)
    if value is None or isinstance(value, dict | list):
        raise UserError(f"Sample {number} of '{path}' has no '{name}'.", "Give it one, or declare another field.")
    if not _is_text(str(value)):
        raise UserError(f"Sample {number} of '{path}' has half a character in '{name}'.", "Mend it or take it out.")
    return value


def _is_text(value: str) -> bool:
    """Tell text from what JSON can escape and nothing else can hold: one half of a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _lines(path: str) -> Iterator[str]:
    with opened_text(Path(path)) as stream:
        for line in stream:
            yield line.rstrip("\r\n")


def _refuse_parts(spec: DataSpec) -> None:
    refuse_scaling(spec)
    refuse_split(spec.path, spec.split)
