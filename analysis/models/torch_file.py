"""Files that ``torch.save`` wrote, read without executing anything in them; tensors stay on disk until they are read.

Two layouts: a zip archive with the pickle ``data.pkl`` and one part a storage, and the older row of pickles with the
storages after them (source of both: ``torch/serialization.py``); and a single pickle, whose arrays hold their numbers.
"""

import mmap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from ..errors import UserError
from .architecture import TensorSpec
from .archive import Archive
from .arrays import Held
from .contents import chosen_set, said
from .pickle_objects import ForbiddenError, PickleError, Vocabulary
from .pickles import read_pickle, read_pickle_bytes
from .records import Leaf
from .refusals import CHECKPOINTS, SAFE, damaged, unread
from .spans import AGAIN, Places, Span
from .stored import StoredTensor, Unreadable, shared
from .torch_pickles import VOCABULARY

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_COUNT = 8  # bytes before each storage of the older layout: how many numbers it has


class TorchFile:
    """An open torch file.

    Parameters
    ----------
    path : Path
        The file.
    archive : Archive or None
        The file as a zip archive; None if it has the older layout.
    weights : str or None
        Which set of weights to open where the file holds several; None for the usual one.
    shard : bool
        Whether it is one of several files, whose tensors are taken as they are.

    Raises
    ------
    UserError
        If the file would execute code, is damaged, holds no tensors, or has no such weights.
    """

    def __init__(self, path: Path, archive: Archive | None, weights: str | None = None, *, shard: bool = False) -> None:
        self.files: tuple[Path, ...] = (path,)
        content, self._places, self.format = _read_zip(archive) if archive else _read_legacy(path)
        chosen = chosen_set(content, weights, path, shard=shard)
        self._tensors = readable(path, chosen.tensors, self._places)
        self.metadata: Mapping[str, Any] = {**said(chosen.beside, self._places), **chosen.told}
        self.specs: Mapping[str, TensorSpec] = {name: tensor.spec for name, tensor in self._tensors.items()}
        self.ties: Mapping[str, str] = shared(self._tensors)

    def tensor(self, name: str) -> Tensor:
        """Read one tensor."""
        return read_leaf(self._tensors[name], self._places)


def understood(path: Path, data: bytes | bytearray, vocabulary: Vocabulary) -> Any:
    """Return the content of a pickle of a file.

    Raises
    ------
    UserError
        If it is damaged, or would run code.
    """
    try:
        return read_pickle_bytes(data, vocabulary)
    except (PickleError, ForbiddenError) as error:
        raise unread(path, error) from error


def read_leaf(tensor: StoredTensor | Held, places: Places) -> Tensor:
    """Read a tensor from its file, or one that the file's pickle held itself."""
    return tensor.read() if isinstance(tensor, Held) else tensor.read(places(tensor.storage.key))


def readable(path: Path, tensors: Mapping[str, Leaf], places: Places) -> dict[str, StoredTensor | Held]:
    """Return the tensors if the file has the numbers of all of them.

    Raises
    ------
    UserError
        If one is sparse, quantised or without data, or its numbers are missing.
    """
    plain_ones: dict[str, StoredTensor | Held] = {}
    for name, tensor in tensors.items():
        if isinstance(tensor, Unreadable):
            raise UserError(f"'{path.name}' holds '{name}', which is {tensor.kind}.", SAFE)
        plain_ones[name] = tensor
    for storage in {tensor.storage for tensor in plain_ones.values() if isinstance(tensor, StoredTensor)}:
        if places(storage.key).size < storage.size:
            raise damaged(path)
    return plain_ones


def zip_places(archive: Archive, folder: str) -> Places:
    """Return what says where the storages of an archive lie."""
    return lambda key: archive.span(f"{folder}{key}")


def check_order(archive: Archive) -> None:
    """Refuse an archive whose numbers begin with their highest byte."""
    if "byteorder" in archive and archive.read("byteorder") != b"little":
        raise UserError(f"'{archive.path.name}' was written on a big-endian machine.", SAFE)


def _read_zip(archive: Archive) -> tuple[Any, Places, str]:
    if "data.pkl" not in archive:
        raise UserError(f"'{archive.path.name}' is a zip file, but not one that torch.save wrote.", CHECKPOINTS)
    check_order(archive)
    content = understood(archive.path, archive.read("data.pkl"), VOCABULARY)
    return content, zip_places(archive, "data/"), "torch zip"


def _read_legacy(path: Path) -> tuple[Any, Places, str]:
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return _legacy(path, mapped)
    except (PickleError, ForbiddenError) as error:
        raise unread(path, error) from error
    except OSError as error:
        raise UserError(f"'{path.name}' cannot be read: {error.strerror}.", AGAIN) from error


def _legacy(path: Path, mapped: mmap.mmap) -> tuple[Any, Places, str]:
    storages: dict[str, int] = {}

    def persistent(identifier: Any) -> Any:
        storage = VOCABULARY.persistent(identifier)
        storages[storage.key] = storage.size
        return storage

    vocabulary = replace(VOCABULARY, persistent=persistent)
    first = read_pickle(mapped, vocabulary)
    if first != _MAGIC:
        return first, dict[str, Span]().__getitem__, "pickle"
    if read_pickle(mapped, vocabulary) != _PROTOCOL:
        raise PickleError("it does not begin as torch.save's files do")
    system = read_pickle(mapped, vocabulary)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise UserError(f"'{path.name}' was written on a big-endian machine.", SAFE)
    content, keys = read_pickle(mapped, vocabulary), read_pickle(mapped, vocabulary)
    if not isinstance(keys, list):
        raise PickleError("it does not list its storages")
    return content, _row(path, mapped, [key for key in keys if key in storages], storages), "torch legacy"


def _row(path: Path, mapped: mmap.mmap, keys: list[str], sizes: Mapping[str, int]) -> Places:
    """Return where storages that follow one another lie."""
    places: dict[str, Span] = {}
    start = mapped.tell()
    for key in keys:
        start += _COUNT
        places[key] = Span(path, start, start + sizes[key])
        start += sizes[key]
    if start > len(mapped):
        raise PickleError("its storages are cut off")
    if len(places) < len(sizes):
        raise PickleError("it does not list all of its storages")
    return places.__getitem__
