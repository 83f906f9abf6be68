"""Checkpoints in several files, with or without an index that says which tensor lies in which.

The index is JSON: ``{"weight_map": {tensor: file}, "metadata": {…}}``, as transformers writes it.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ..errors import UserError
from ..wording import counted
from .architecture import TensorSpec
from .opening import open_file
from .plain import plain
from .safetensors_file import aliases
from .spans import AGAIN
from .tensor_file import TensorFile

INDEX = ".index.json"
_INDEX = re.compile(r".+\.index(\.\w+)?\.json")
_PART = re.compile(r"(?P<stem>.+?)[-_.](?P<number>\d{1,6})-of-(?P<count>\d{1,6})(?P<suffix>\.\w+)")
_INDEX_LIMIT = 100_000_000  # bytes
_COMPLETE = "Fetch the whole checkpoint again."


class ShardedFile:
    """An open checkpoint of several files; of each the header alone is read.

    Parameters
    ----------
    files : tuple of Path
        What it is read from, an index first.
    shards : mapping of str to TensorFile
        The open files by name.
    placed : mapping of str to str
        The file that each tensor lies in.
    told : Any
        What the index says beside that, such as which tensors are one.
    """

    def __init__(
        self, files: tuple[Path, ...], shards: Mapping[str, TensorFile], placed: Mapping[str, str], told: Any = None
    ) -> None:
        tied = aliases(told, placed) if isinstance(told, dict) else {}
        self.files = files
        self.format = f"{next(iter(shards.values())).format}, {counted(len(shards), 'part')}"
        self._shards = {tensor: shards[file] for tensor, file in placed.items()}
        self._held = {name: name for name in placed} | tied
        self.ties: Mapping[str, str] = tied | _ties_within(shards, placed)
        self.specs: Mapping[str, TensorSpec] = {
            name: self._shards[held].specs[held] for name, held in self._held.items()
        }
        self.metadata: Mapping[str, Any] = {"index": plain(told)} if told else {}

    def tensor(self, name: str) -> Tensor:
        """Read one tensor."""
        held = self._held[name]
        return self._shards[held].tensor(held)


def indexed_file(index: Path) -> ShardedFile:
    """Open the checkpoint of an index.

    Raises
    ------
    UserError
        If the index is damaged or leaves its folder, or a file or tensor of it is missing.
    """
    table = read_json(index, _INDEX_LIMIT)
    placed = _weight_map(index, table)
    shards = {name: _open_shard(index, name) for name in dict.fromkeys(placed.values())}
    lacking = next((name for name in placed if name not in shards[placed[name]].specs), None)
    if lacking is not None:
        raise UserError(f"'{placed[lacking]}' lacks '{lacking}', which '{index.name}' says it holds.", _COMPLETE)
    files = (index, *(index.parent / name for name in shards))
    return ShardedFile(files, shards, placed, table.get("metadata"))


def parted_file(part: Path) -> ShardedFile:
    """Open the checkpoint of parts that no index lists, by one of them: ``model-00001-of-00002.safetensors``.

    Raises
    ------
    UserError
        If a part is missing or leaves its folder, or a tensor lies in two of them.
    """
    names = _all_parts(part)
    shards = {name: _open_shard(part, name) for name in names}
    placed: dict[str, str] = {}
    for name, shard in shards.items():
        if twice := next((tensor for tensor in shard.specs if tensor in placed), None):
            raise UserError(
                f"'{name}' holds '{twice}', which '{placed[twice]}' holds as well.", "Fetch the index of these parts."
            )
        placed |= dict.fromkeys(shard.specs, name)
    return ShardedFile(tuple(part.parent / name for name in names), shards, placed)


def is_index(name: str) -> bool:
    """Tell the index of a checkpoint in several files by its name; a variant such as ``fp16`` may be part of it."""
    return _INDEX.fullmatch(name) is not None


def series_of(name: str) -> tuple[str, str, str] | None:
    """Return what the parts of one checkpoint have in common: the name, how many there are, the suffix."""
    found = _PART.fullmatch(name)
    return (found["stem"], found["count"], found["suffix"]) if found else None


def _all_parts(part: Path) -> list[str]:
    """Return the names of all parts, counted from one or from zero."""
    series = series_of(part.name)
    found = [match for path in part.parent.iterdir() if (match := _PART.fullmatch(path.name))]
    there = {int(match["number"]): match.string for match in found if series_of(match.string) == series}
    first = min(1, *there, int(found[0]["count"]))
    for number in range(first, first + int(found[0]["count"])):
        if number not in there:
            raise UserError(f"Part {number} of those that '{part.name}' belongs to is not there.", _COMPLETE)
    return [there[number] for number in sorted(there)]


def _ties_within(shards: Mapping[str, TensorFile], placed: Mapping[str, str]) -> dict[str, str]:
    """Return the ties of the parts between tensors that the index takes from the same part."""
    ties = ((file, name, held) for file, shard in shards.items() for name, held in shard.ties.items())
    return {name: held for file, name, held in ties if placed.get(name) == placed.get(held) == file}


def read_json(path: Path, limit: int) -> dict[str, Any]:
    """Return a JSON file's table.

    Raises
    ------
    UserError
        If it cannot be read, is larger than ``limit`` bytes, or is no table.
    """
    try:
        if path.stat().st_size > limit:
            raise UserError(f"'{path.name}' has more than {limit} bytes, too many for such a file.", _COMPLETE)
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"'{path}' cannot be read: {error.strerror}.", "Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"'{path.name}' is not valid JSON.", AGAIN) from error
    if not isinstance(content, dict):
        raise UserError(f"'{path.name}' is no table of names and values.", AGAIN)
    return content


def _weight_map(index: Path, table: Mapping[str, Any]) -> dict[str, str]:
    placed = table.get("weight_map")
    if isinstance(placed, dict) and placed and all(isinstance(file, str) for file in placed.values()):
        return placed
    raise UserError(f"'{index.name}' does not say which tensor lies in which file.", _COMPLETE)


def _open_shard(index: Path, name: str) -> TensorFile:
    if not stays(index.parent, name):
        raise UserError(f"'{index.name}' names a file outside its folder, '{name}'.", "Do not use it.")
    path = index.parent / name
    if not path.is_file():
        raise UserError(f"'{index.name}' names '{name}', which is not there.", _COMPLETE)
    return open_file(path, shard=True)


def stays(folder: Path, name: str) -> bool:
    """Tell whether a file's name, links followed, stays in a folder, or in the store of a Hugging Face cache.

    That cache keeps ``snapshots/REVISION`` as links to ``blobs`` beside it.
    """
    if not name or "\0" in name or Path(name).name != name or "\\" in name or name in (".", ".."):
        return False
    try:
        home, place = folder.resolve(), (folder / name).resolve()
    except (OSError, RuntimeError):  # a loop of links
        return False
    store = home.parent.parent / "blobs" if home.parent.name == "snapshots" else home
    return place.parent in (home, store)
