"""Writing safetensors files tensor by tensor, so that networks larger than memory can be written."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from ..atomic import replacing
from ..errors import UserError
from .architecture import TensorSpec
from .safetensors_file import DTYPES

_CODES = {dtype: code for code, dtype in DTYPES.items()}
_ALIGNMENT = 8  # bytes


def write_checkpoint(
    path: Path,
    specs: Mapping[str, TensorSpec],
    tensor: Callable[[str], Tensor],
    metadata: Mapping[str, Any],
    ties: Mapping[str, str] | None = None,
    confirm: Callable[[], None] = lambda: None,
) -> None:
    """Write a safetensors file; whatever goes wrong, the path has its old content or all of the new.

    Parameters
    ----------
    path : Path
        The file; replaced if it exists.
    specs : mapping of str to TensorSpec
        Every tensor, in the order in which they are asked for.
    tensor : callable
        Gives the tensor of a name; called once for each.
    metadata : mapping of str to Any
        JSON values, kept as the file's ``graftwork`` entry.
    ties : mapping of str to str or None
        Further names of some tensors, each with the name that is written; kept as the safetensors library keeps them.
    confirm : callable
        Asked once all is written, before the file gets its name; may raise.

    Raises
    ------
    UserError
        If the file cannot be written, or a dtype is none of the format's.
    ValueError
        If a tensor differs from its spec, or the metadata is not JSON.
    """
    header, offsets = _layout(specs, metadata, _held(specs, ties or {}))
    with _replacing(path) as stream:
        stream.write(header)
        for name, spec in specs.items():
            stream.seek(len(header) + offsets[name])
            stream.write(_bytes(name, tensor(name), spec))
        confirm()


def _held(specs: Mapping[str, TensorSpec], ties: Mapping[str, str]) -> dict[str, str]:
    """Return the further names of those tensors that are written, unless a name has a tensor of its own."""
    return {name: held for name, held in ties.items() if held in specs and name not in specs}


def _layout(
    specs: Mapping[str, TensorSpec], metadata: Mapping[str, Any], ties: Mapping[str, str]
) -> tuple[bytes, dict[str, int]]:
    """Return the header with its length, and where each tensor begins after it.

    Wide numbers lie first, so that every tensor is aligned to its own number's size; readers map them in place.
    """
    offsets: dict[str, int] = {}
    end = 0
    for name in sorted(specs, key=lambda name: -specs[name].dtype.itemsize):
        offsets[name] = end
        end += _length(specs[name])
    entries = {name: _entry(name, spec, offsets[name]) for name, spec in specs.items()}
    own = json.dumps(dict(metadata), allow_nan=False)
    text = json.dumps({"__metadata__": {**ties, "format": "pt", "graftwork": own}} | entries).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return len(text).to_bytes(8, "little") + text, offsets


def _length(spec: TensorSpec) -> int:
    return spec.size * spec.dtype.itemsize


def _entry(name: str, spec: TensorSpec, offset: int) -> dict[str, Any]:
    if spec.dtype not in _CODES:
        raise UserError(f"'{name}' is of {spec.dtype}, which safetensors cannot hold.", "Convert it to float32 first.")
    span = [offset, offset + _length(spec)]
    return {"dtype": _CODES[spec.dtype], "shape": list(spec.shape), "data_offsets": span}


def _bytes(name: str, tensor: Tensor, spec: TensorSpec) -> memoryview:
    if tuple(tensor.shape) != spec.shape or tensor.dtype != spec.dtype:
        given = f"{tuple(tensor.shape)} of {tensor.dtype}"
        raise ValueError(f"'{name}' is {given}, but {spec.shape} of {spec.dtype} was announced")
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
    return plain.reshape(-1).view(torch.uint8).numpy().data


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a new file beside ``path`` that takes its place when whole, and vanishes on any error."""
    try:
        with replacing(path) as draft, draft.open("xb") as stream:
            yield stream
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"'{path}' cannot be written: {reason}.", "Choose another place or free some space.") from error
