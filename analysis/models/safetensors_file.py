"""Safetensors files: eight bytes of length, a JSON header, then raw little-endian data.

Reading takes the header alone; each tensor is read when it is asked for. Format:
https://github.com/huggingface/safetensors#format.
"""

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError
from .architecture import TensorSpec
from .plain import plain
from .spans import AGAIN, Span
from .stored import ELEMENTS_LIMIT, numbers

DTYPES: Mapping[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
    "F8_E8M0": torch.float8_e8m0fnu,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "U8": torch.uint8,
    "BOOL": torch.bool,
    "C64": torch.complex64,
}
_PACKED = {"F4", "F6_E2M3", "F6_E3M2"}  # several numbers share a byte
_LENGTH = 8
_HEADER_LIMIT = 100_000_000  # bytes; the format's own limit


class _FormatError(Exception):
    """What contradicts the format, as the end of a sentence."""


@dataclass(frozen=True)
class _Entry:
    """What a tensor is, and where its bytes lie."""

    spec: TensorSpec
    place: Span


class SafetensorsFile:
    """An open safetensors file.

    Raises
    ------
    UserError
        If the file is not whole or contradicts the format.
    """

    format = "safetensors"

    def __init__(self, path: Path) -> None:
        self.files: tuple[Path, ...] = (path,)
        try:
            header, start, size = _read_header(path)
            self.metadata: Mapping[str, Any] = _metadata(header.pop("__metadata__", None))
            self._entries = {name: _entry(path, name, entry, start) for name, entry in header.items()}
            _check_cover(self._entries, start, size)
            self.ties: Mapping[str, str] = aliases(self.metadata, self._entries)
            self._entries |= {name: self._entries[held] for name, held in self.ties.items()}
        except _FormatError as damage:
            raise UserError(f"'{path.name}' is a damaged safetensors file: {damage}.", AGAIN) from damage
        self.specs: Mapping[str, TensorSpec] = {name: entry.spec for name, entry in self._entries.items()}

    def tensor(self, name: str) -> Tensor:
        """Read one tensor.

        Raises
        ------
        UserError
            If the file has changed since it was opened.
        """
        entry = self._entries[name]
        return numbers(entry.place.read(), entry.spec.dtype).reshape(entry.spec.shape)


def aliases(metadata: Mapping[str, Any], held: Container[str]) -> dict[str, str]:
    """Return the tensors that are others under a second name: tied weights, which the library writes once.

    Its metadata says so: ``{name left out: name written}``.
    """
    texts = {name: text for name, text in metadata.items() if isinstance(text, str)}
    return {name: text for name, text in texts.items() if name not in held and text in held}


def _read_header(path: Path) -> tuple[dict[str, Any], int, int]:
    """Return the header, the offset of the first tensor's bytes, and the file's size."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        length = int.from_bytes(stream.read(_LENGTH), "little")
        if length > _HEADER_LIMIT or _LENGTH + length > size:
            raise _FormatError(f"its header claims {length} bytes, but the file has {size}")
        text = stream.read(length)
    try:
        header = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _FormatError("its header is not JSON") from error
    if not isinstance(header, dict):
        raise _FormatError("its header is not a table of tensors")
    return header, _LENGTH + length, size


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise _FormatError("its header names something twice")
    return table


def _entry(path: Path, name: str, entry: Any, start: int) -> _Entry:
    match entry:
        case {"dtype": str(kind), "shape": [*shape], "data_offsets": [int(begin), int(end)]} if all(
            type(side) is int and side >= 0 for side in shape
        ):
            spec = TensorSpec(tuple(shape), _dtype(name, kind))
        case _:
            raise _FormatError(f"the header's entry for '{name}' lacks dtype, shape or offsets")
    if prod(max(side, 1) for side in shape) > ELEMENTS_LIMIT or end - begin != spec.size * spec.dtype.itemsize:
        raise _FormatError(f"'{name}' has shape {shape} but {end - begin} bytes")
    return _Entry(spec, Span(path, start + begin, start + end))


def _dtype(name: str, kind: str) -> torch.dtype:
    if kind in _PACKED:
        raise UserError(f"The tensor '{name}' is quantised to {kind}.", "Open the checkpoint that it was made from.")
    if kind not in DTYPES:
        raise _FormatError(f"'{name}' has the unknown number type '{kind}'")
    return DTYPES[kind]


def _check_cover(entries: Mapping[str, _Entry], start: int, size: int) -> None:
    """Demand that the tensors lie end to end and fill the file, as the format does."""
    for place in sorted((entry.place for entry in entries.values()), key=lambda place: (place.start, place.stop)):
        if place.start != start:
            raise _FormatError("its tensors overlap or leave gaps")
        start = place.stop
    if start != size:
        raise _FormatError(f"its tensors end at byte {start}, but the file has {size}")


def _metadata(entry: Any) -> dict[str, Any]:
    """Return the metadata, strings by name; this program's own entry is decoded from its JSON."""
    if not isinstance(entry, dict):
        return {}
    metadata: dict[str, Any] = {key: text for key, text in entry.items() if isinstance(text, str)}
    try:
        own = plain(json.loads(metadata.get("graftwork", "null")))
    except (ValueError, RecursionError):
        return metadata
    return metadata if own is None else metadata | {"graftwork": own}
