"""What lies in a folder that a person opens: the checkpoints, each under a name of its own."""

import os
from collections.abc import Sequence
from pathlib import Path

from ..analysis.errors import UserError

SUFFIXES = frozenset({".safetensors", ".pt", ".pth", ".th", ".bin", ".ckpt", ".pt2", ".ts"})
_ENDINGS = (".index.json", ".pth.tar", ".pt.tar")
_WHOLE = ("config.json", "model.safetensors.index.json", "pytorch_model.bin.index.json")


def is_checkpoint(path: Path) -> bool:
    """Return whether a file is one by its name."""
    return path.suffix.lower() in SUFFIXES or path.name.lower().endswith(_ENDINGS)


def checkpoints_in(folder: Path) -> list[Path]:
    """Return the checkpoints in a folder and those below it, sorted; a folder that a library saved is one of them."""
    if any((folder / name).is_file() for name in _WHOLE):
        return [folder]
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    files = [entry for entry in entries if entry.is_file() and is_checkpoint(entry)]
    return files + [path for entry in entries if entry.is_dir() for path in checkpoints_in(entry)]


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Return a name for each path: its own without the suffix, and as many folders before it as tell all apart.

    Raises
    ------
    UserError
        If a path is no text that can be kept.
    """
    for path in paths:
        if str(path).encode(errors="replace") != os.fsencode(path):
            raise UserError(f"The path {str(path)!a} is not UTF-8.", "Give that file or folder another name.")
    depth = 1
    while True:
        names = ["/".join((*path.parts[-depth:-1], path.stem)) for path in paths]
        if len(set(names)) == len(names) or depth > max(len(path.parts) for path in paths):
            return names
        depth += 1
