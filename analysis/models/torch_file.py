"""Files that ``torch.save`` wrote, read without executing anything in them; tensors stay on disk until they are read.

Two layouts: a zip archive with the pickle ``data.pkl`` and one part a storage, and the older row of pickles with the
storages after them. Source of both: ``torch/serialization.py``.
"""

import mmap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ..errors import UserError
from .architecture import TensorSpec
from .archive import Archive
from .pickles import ForbiddenError, PickleError, Vocabulary, read_pickle, read_pickle_bytes
from .plain import plain
from .spans import AGAIN, Span
from .stored import StoredTensor, Unreadable, shared
from .torch_pickles import VOCABULARY
from .weight_sets import Leaf, WeightSet, choose, gather, split, told, training

SAFE = "In an environment that you trust, load it and save its state_dict() as safetensors."
CHECKPOINTS = "Open a safetensors file, or a state_dict that torch.save wrote."
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_COUNT = 8  # bytes before each storage of the older layout: how many numbers it has
Places = Callable[[str], Span]
"""Says where a storage lies, by its key."""


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
        self.format = "torch zip" if archive else "torch legacy"
        content, self._places = _read_zip(archive) if archive else _read_legacy(path)
        names, chosen, found = _choose(content, weights, path, shard)
        self._tensors = readable(path, found.tensors, self._places)
        self.metadata: Mapping[str, Any] = _metadata(found.beside, self._places) | told(names, chosen)
        self.specs: Mapping[str, TensorSpec] = {name: tensor.spec for name, tensor in self._tensors.items()}
        self.ties: Mapping[str, str] = shared(self._tensors)

    def tensor(self, name: str) -> Tensor:
        """Read one tensor."""
        tensor = self._tensors[name]
        return tensor.read(self._places(tensor.storage.key))


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
        raise _refusal(path, error) from error


def readable(path: Path, tensors: Mapping[str, Leaf], places: Places) -> dict[str, StoredTensor]:
    """Return the tensors if the file has the numbers of all of them.

    Raises
    ------
    UserError
        If one is sparse, quantised or without data, or its numbers are missing.
    """
    plain_ones: dict[str, StoredTensor] = {}
    for name, tensor in tensors.items():
        if isinstance(tensor, Unreadable):
            raise UserError(f"'{path.name}' holds '{name}', which is {tensor.kind}.", SAFE)
        plain_ones[name] = tensor
    for storage in {tensor.storage for tensor in plain_ones.values()}:
        if places(storage.key).size < storage.size:
            raise _damaged(path)
    return plain_ones


def zip_places(archive: Archive, folder: str) -> Places:
    """Return what says where the storages of an archive lie."""
    return lambda key: archive.span(f"{folder}{key}")


def check_order(archive: Archive) -> None:
    """Refuse an archive whose numbers begin with their highest byte."""
    if "byteorder" in archive and archive.read("byteorder") != b"little":
        raise UserError(f"'{archive.path.name}' was written on a big-endian machine.", SAFE)


def _read_zip(archive: Archive) -> tuple[Any, Places]:
    if "data.pkl" not in archive:
        raise UserError(f"'{archive.path.name}' is a zip file, but not one that torch.save wrote.", CHECKPOINTS)
    check_order(archive)
    return understood(archive.path, archive.read("data.pkl"), VOCABULARY), zip_places(archive, "data/")


def _read_legacy(path: Path) -> tuple[Any, Places]:
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return _legacy(path, mapped)
    except (PickleError, ForbiddenError) as error:
        raise _refusal(path, error) from error
    except OSError as error:
        raise UserError(f"'{path.name}' cannot be read: {error.strerror}.", AGAIN) from error


def _legacy(path: Path, mapped: mmap.mmap) -> tuple[Any, Places]:
    storages: dict[str, int] = {}

    def persistent(identifier: Any) -> Any:
        storage = VOCABULARY.persistent(identifier)
        storages[storage.key] = storage.size
        return storage

    vocabulary = Vocabulary(VOCABULARY.builders, VOCABULARY.values, VOCABULARY.records, persistent)
    if read_pickle(mapped, vocabulary) != _MAGIC or read_pickle(mapped, vocabulary) != _PROTOCOL:
        raise PickleError("it does not begin as torch.save's files do")
    system = read_pickle(mapped, vocabulary)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise UserError(f"'{path.name}' was written on a big-endian machine.", SAFE)
    content, keys = read_pickle(mapped, vocabulary), read_pickle(mapped, vocabulary)
    if not isinstance(keys, list):
        raise PickleError("it does not list its storages")
    return content, _row(path, mapped, [key for key in keys if key in storages], storages)


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


def _choose(content: Any, wanted: str | None, path: Path, shard: bool) -> tuple[list[str], str, WeightSet]:
    """Return the names of all sets of weights, the chosen name and its set."""
    if not isinstance(content, Mapping):
        kind = "Tensor" if isinstance(content, Leaf) else type(content).__name__
        raise UserError(f"'{path.name}' holds a {kind}, not tensors by name.", CHECKPOINTS)
    sets = gather(content) if shard else _all_sets(gather(content))
    if not sets:
        raise UserError(f"'{path.name}' holds no tensors.", CHECKPOINTS)
    chosen = choose(list(sets), wanted, path)
    return list(sets), chosen, sets[chosen]


def _all_sets(nested: Mapping[str, WeightSet]) -> dict[str, WeightSet]:
    sets: dict[str, WeightSet] = {}
    for place, whole in nested.items():
        for name, tensors in split(whole.tensors, place).items():
            label = name if len(nested) == 1 or name == place else f"{place}.{name}"
            sets[label] = WeightSet(tensors, whole.beside)
    return sets


def _metadata(beside: Mapping[str, Any], places: Places) -> dict[str, Any]:
    """Return the JSON values beside the weights, and the names of what belongs to the training alone."""

    def number(value: Any) -> Any:
        if isinstance(value, StoredTensor) and value.spec.size == 1 and not value.spec.dtype.is_complex:
            return value.read(places(value.storage.key)).item()
        raise TypeError("no number")

    values = {key: plain(value, number) for key, value in beside.items() if not training(key)}
    kept = {key: value for key, value in values.items() if value is not None}
    names = [key for key in beside if training(key)]
    return kept | ({"training": names} if names else {})


def _refusal(path: Path, error: Exception) -> UserError:
    if isinstance(error, ForbiddenError):
        return UserError(f"'{path.name}' was not opened: reading it would run '{error}'.", SAFE)
    return _damaged(path)


def _damaged(path: Path) -> UserError:
    return UserError(f"'{path.name}' is truncated, damaged or not a file of tensors.", AGAIN)
