"""Tensors that lie as plain bytes in the entries of a zip file."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import torch
from torch import Tensor

from ..errors import UserError
from .architecture import TensorSpec

AGAIN = "Copy or download it again."
_TEXT_LIMIT = 64 << 20  # bytes of a directory or a pickle, unpacked


@dataclass(frozen=True)
class ZipTensor:
    """Where a tensor lies: its storage's entry, and its place there, in elements."""

    entry: str
    dtype: torch.dtype
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def spec(self) -> TensorSpec:
        """Shape and dtype."""
        return TensorSpec(self.shape, self.dtype)

    @property
    def extent(self) -> int:
        """How many elements of the storage it needs."""
        if prod(self.shape) == 0:
            return 0
        return self.offset + 1 + sum((side - 1) * step for side, step in zip(self.shape, self.stride, strict=True))


class ZipReader:
    """A zip file's entries; nothing is unpacked beyond what its directory promises.

    Raises
    ------
    UserError
        If the file is no zip that can be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with zipfile.ZipFile(path) as archive:
                self._entries = {info.filename: info for info in archive.infolist()}
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise UserError(
                f"'{path.name}' is truncated or damaged: its zip directory cannot be read.", AGAIN
            ) from error
        self.names: Sequence[str] = tuple(self._entries)

    def find(self, ending: str) -> str | None:
        """Return the entry one folder down that ends so, as torch writes them; None if there is none."""
        return next((n for n in self.names if n.partition("/")[2] == ending), None)

    def text(self, entry: str) -> bytes:
        """Return a small entry.

        Raises
        ------
        UserError
            If it is not small, or damaged.
        """
        if self._entries[entry].file_size > _TEXT_LIMIT:
            raise UserError(
                f"'{self._path.name}' claims {self._entries[entry].file_size:,} bytes for '{entry}'.", AGAIN
            )
        return self._read(entry)

    def check(self, name: str, tensor: ZipTensor) -> None:
        """Demand that a tensor lies within its storage.

        Raises
        ------
        UserError
            If the storage is missing, packed or too small.
        """
        info = self._entries.get(tensor.entry)
        shapes = (*tensor.shape, *tensor.stride, tensor.offset)
        if info is None or any(type(part) is not int or part < 0 for part in shapes):
            raise UserError(f"'{self._path.name}' is damaged: '{name}' has no data.", AGAIN)
        if info.compress_type != zipfile.ZIP_STORED or tensor.extent * tensor.dtype.itemsize > info.file_size:
            raise UserError(f"'{self._path.name}' is damaged: '{name}' does not fit in its storage.", AGAIN)

    def tensor(self, tensor: ZipTensor) -> Tensor:
        """Read one tensor, in memory of its own."""
        data = bytearray(self._read(tensor.entry))
        if not tensor.extent:
            return torch.empty(tensor.shape, dtype=tensor.dtype)
        flat = torch.frombuffer(data, dtype=tensor.dtype, count=len(data) // tensor.dtype.itemsize)
        return flat.as_strided(tensor.shape, tensor.stride, tensor.offset).clone(memory_format=torch.contiguous_format)

    def _read(self, entry: str) -> bytes:
        try:
            with zipfile.ZipFile(self._path) as archive:
                return archive.read(entry)
        except (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, EOFError) as error:
            raise UserError(f"'{self._path.name}' is damaged: '{entry}' cannot be read.", AGAIN) from error
