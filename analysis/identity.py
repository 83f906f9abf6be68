"""Identities: what makes two inputs, models or trials the same."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20


def digest(content: Any) -> str:
    """Return the identity of a JSON value: 32 hexadecimal digits of the SHA-256 of its canonical form."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def fingerprint(path: Path) -> str:
    """Return the content identity of a file, or of a folder's files with their relative names.

    Raises
    ------
    OSError
        If the path cannot be read.
    """
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        return digest([[p.relative_to(path).as_posix(), _file_hash(p)] for p in files])
    return _file_hash(path)


def remembered_fingerprint(path: Path) -> str:
    """Return `fingerprint`, computed anew only when the file's size or time of change differs.

    Raises
    ------
    OSError
        If the path cannot be read.
    """
    if path.is_dir():
        return fingerprint(path)
    state = path.stat()
    return _remembered(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4096)
def _remembered(path: Path, _size: int, _modified: int) -> str:
    return fingerprint(path)


def _file_hash(path: Path) -> str:
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            state.update(block)
    return state.hexdigest()[:32]
