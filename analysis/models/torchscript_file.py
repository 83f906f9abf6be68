"""TorchScript programs: their weights, read without running their code.

The object graph lies in a pickle beside the code. It is unpickled with stand-ins for every class, so that nothing but
containers and the places of tensors comes of it.
"""

import io
import pickle
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError
from .architecture import TensorSpec
from .zipped import AGAIN, ZipReader, ZipTensor

GRAPH, MARK = "data.pkl", "constants.pkl"
"""The entries that a program has; a state dict has the first alone."""

_STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
}
_DEPTH = 200  # modules within modules


class TorchScriptFile:
    """An open TorchScript program; tensors stay on disk until they are read.

    Raises
    ------
    UserError
        If the file is damaged, or its graph holds what no program's does.
    """

    format = "TorchScript"

    def __init__(self, path: Path) -> None:
        self._reader = ZipReader(path)
        entry = self._reader.find(GRAPH)
        if entry is None:
            raise UserError(f"'{path.name}' is damaged: it has no {GRAPH}.", AGAIN)
        try:
            root = _Graph(self._reader.text(entry), entry.removesuffix(GRAPH)).load()
            self._tensors = dict(_tensors(root, "", set(), 0))
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"'{path.name}' is damaged: its object graph cannot be read.", AGAIN) from error
        for name, tensor in self._tensors.items():
            self._reader.check(name, tensor)
        self.metadata: Mapping[str, Any] = {"program": "TorchScript; its code is not run"}
        self.specs: Mapping[str, TensorSpec] = {name: tensor.spec for name, tensor in self._tensors.items()}

    def tensor(self, name: str) -> Tensor:
        """Read one tensor."""
        return self._reader.tensor(self._tensors[name])


class _Object:
    """Stands for an instance of any of the program's classes."""

    def __init__(self, *_: object) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = dict(state) if isinstance(state, Mapping) else {}


class _Graph(pickle.Unpickler):
    """Unpickles stand-ins; whatever is not known to be harmless becomes an empty one."""

    def __init__(self, content: bytes, folder: str) -> None:
        super().__init__(io.BytesIO(content))
        self._folder = folder

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _place
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        return _Object

    def persistent_load(self, pid: Any) -> tuple[str, torch.dtype]:
        _, dtype, key, *_ = pid
        if not isinstance(dtype, torch.dtype) or not isinstance(key, str):
            raise pickle.UnpicklingError("an unknown storage")
        return f"{self._folder}data/{key}", dtype


def _place(storage: tuple[str, torch.dtype], offset: int, shape: Any, stride: Any, *_: object) -> ZipTensor:
    entry, dtype = storage
    return ZipTensor(entry, dtype, offset, tuple(shape), tuple(stride))


def _tensors(value: Any, name: str, seen: set[int], depth: int) -> Iterator[tuple[str, ZipTensor]]:
    """Give every tensor below an object under the path of attributes that leads to it."""
    if isinstance(value, ZipTensor):
        yield name, value
        return
    if not isinstance(value, _Object) or id(value) in seen or depth > _DEPTH:
        return
    seen.add(id(value))
    for key, inner in value.state.items():
        yield from _tensors(inner, f"{name}.{key}" if name else str(key), seen, depth + 1)
