"""Checkpoints in several files, with an index that says which tensor lies in which.

The index is JSON: ``{"weight_map": {tensor: file}, "metadata": {…}}``, as transformers writes it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ..errors import UserError
from .architecture import TensorSpec
from .opening import open_file
from .plain import plain
from .safetensors_file import aliases
from .spans import AGAIN
from .tensor_file import TensorFile

INDEX = ".index.json"
_INDEX_LIMIT = 100_000_000  # bytes
_COMPLETE = "Fetch the whole checkpoint again."


class ShardedFile:
    """An open checkpoint of several files; of each the header alone is read.

    Raises
    ------
    UserError
        If the index is damaged or leaves its folder, or a file or tensor of it is missing.
    """

    def __init__(self, index: Path) -> None:
        table = read_json(index, _INDEX_LIMIT)
        placed = _weight_map(index, table)
        told = table.get("metadata")
        tied = aliases(told, placed) if isinstance(told, dict) else {}
        shards = {name: _open_shard(index, name) for name in dict.fromkeys(placed.values())}
        self._shards = {tensor: shards[file] for tensor, file in placed.items()}
        self.files = (index, *(index.parent / name for name in shards))
        self.format = f"{next(iter(shards.values())).format}, {len(shards)} part{'s' * (len(shards) != 1)}"
        self.specs: Mapping[str, TensorSpec] = {name: _spec(index, self._shards, placed, name) for name in placed}
        self._held = {name: name for name in placed} | tied
        self.ties: Mapping[str, str] = tied | _ties_within(shards, placed)
        self.specs = {name: self.specs[held] for name, held in self._held.items()}
        self.metadata: Mapping[str, Any] = {"index": plain(told)} if told else {}

    def tensor(self, name: str) -> Tensor:
        """Read one tensor."""
        held = self._held[name]
        return self._shards[held].tensor(held)


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


def _spec(index: Path, shards: Mapping[str, TensorFile], placed: Mapping[str, str], name: str) -> TensorSpec:
    if name not in shards[name].specs:
        raise UserError(f"'{placed[name]}' lacks '{name}', which '{index.name}' says it holds.", _COMPLETE)
    return shards[name].specs[name]
