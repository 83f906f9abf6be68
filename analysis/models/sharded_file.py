"""Checkpoints in several files, with an index that says which tensor lies where.

The index is JSON with ``weight_map``, tensor to file, as the Hugging Face libraries write it. Of safetensors, headers
alone are read; of torch files, the directories.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ..errors import UserError
from .architecture import TensorSpec
from .plain import plain

if TYPE_CHECKING:
    from .checkpoint import TensorFile

_AGAIN = "Copy or download it again, with all its parts."
_INDEX_LIMIT = 100_000_000  # bytes


class ShardedFile:
    """An open index; every part's header has been read.

    Parameters
    ----------
    path : Path
        The index.
    open_part : callable
        Opens one file.

    Raises
    ------
    UserError
        If the index is damaged or names files elsewhere, or a part is missing or lacks a tensor.
    """

    def __init__(self, path: Path, open_part: "Callable[[Path], TensorFile]") -> None:
        index = _read_index(path)
        self._where: Mapping[str, str] = index["weight_map"]
        self.parts = tuple(dict.fromkeys(self._where.values()))
        self._files = {part: open_part(_part(path, part)) for part in self.parts}
        for name, part in self._where.items():
            if name not in self._files[part].specs:
                raise UserError(f"'{part}' lacks the tensor '{name}', which '{path.name}' says it has.", _AGAIN)
        kinds = sorted({file.format for file in self._files.values()})
        self.format = f"{' and '.join(kinds)}, {len(self.parts)} part{'s' * (len(self.parts) != 1)}"
        self.metadata: Mapping[str, Any] = plain(index.get("metadata", {})) or {}
        self.specs: Mapping[str, TensorSpec] = {n: self._files[p].specs[n] for n, p in self._where.items()}

    def tensor(self, name: str) -> Tensor:
        """Read one tensor."""
        return self._files[self._where[name]].tensor(name)


def _read_index(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _INDEX_LIMIT:
            raise ValueError("too long")
        index = json.loads(path.read_text(encoding="utf-8"))
        parts = index["weight_map"]
        if not parts or not all(isinstance(part, str) and _stays(part) for part in parts.values()):
            raise ValueError("no map from tensors to files beside it")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(f"'{path.name}' is not an index of tensors in files beside it.", _AGAIN) from error
    found: dict[str, Any] = index
    return found


def _stays(part: str) -> bool:
    """Return whether a name is that of a file in the index's own folder, on every system."""
    return part not in ("", ".", "..") and PurePosixPath(part).name == PureWindowsPath(part).name == part


def _part(index: Path, part: str) -> Path:
    path = index.with_name(part)
    if not path.is_file():
        raise UserError(f"'{index.name}' names '{part}', which is not beside it.", _AGAIN)
    return path
