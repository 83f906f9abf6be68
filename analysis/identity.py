"""Identities: what makes two inputs, models or trials the same."""

import errno
import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20
_LARGE = 1 << 30  # bytes, above which samples stand for the whole
_SAMPLES, _SAMPLE = 256, 1 << 16


def digest(content: Any) -> str:
    """Return the identity of a JSON value: 32 hexadecimal digits of the SHA-256 of its canonical form."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def fingerprint(path: Path) -> str:
    """Return the content identity of a file, of an index with the files that it names, or of a folder's files.

    Hidden files of a folder do not count. Of a file above 1 GiB, its size, its first 4 MiB and 256 blocks spread over
    the rest stand for the whole, so that a checkpoint of any size is known in a moment; a change that touches none of
    them goes unseen.

    Raises
    ------
    OSError
        If the path cannot be read.
    """
    files = _files(path)
    if files == [path]:
        return _file_hash(path)
    folder = path if path.is_dir() else path.parent
    return digest([[file.relative_to(folder).as_posix(), _file_hash(file)] for file in files])


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = (p for p in path.rglob("*") if not any(part.startswith(".") for part in p.relative_to(path).parts))
        return sorted(p for p in found if p.is_file())
    return [path, *_indexed(path)] if path.name.endswith(".index.json") else [path]


def _indexed(path: Path) -> list[Path]:
    """Return the files beside an index that it names; none where it is no index."""
    try:
        names = set(json.loads(path.read_bytes())["weight_map"].values())
        files = sorted(path.with_name(name) for name in names)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []
    return [file for file in files if file.is_file()]


def remembered_fingerprint(path: Path) -> str:
    """Return `fingerprint`, computed anew only when the file's size or time of change differs.

    Raises
    ------
    OSError
        If the path cannot be read.
    """
    return _remembered(path, tuple((str(file), *_stamp(file)) for file in _files(path)))


def _stamp(file: Path) -> tuple[int, int]:
    state = file.stat()
    return state.st_size, state.st_mtime_ns


@lru_cache(maxsize=4096)
def _remembered(path: Path, _: tuple[tuple[str, int, int], ...]) -> str:
    return fingerprint(path)


def _file_hash(path: Path) -> str:
    if not path.is_file():  # a pipe or a device would be read without end
        raise OSError(errno.EINVAL, "it is no file", str(path)) if path.exists() else FileNotFoundError(str(path))
    state = hashlib.sha256()
    size = path.stat().st_size
    with path.open("rb") as stream:
        if size <= _LARGE:
            while block := stream.read(_BLOCK):
                state.update(block)
            return state.hexdigest()[:32]
        state.update(size.to_bytes(8, "little") + stream.read(4 * _BLOCK))
        for number in range(_SAMPLES):
            stream.seek((size - _SAMPLE) * number // (_SAMPLES - 1))
            state.update(stream.read(_SAMPLE))
    return state.hexdigest()[:32]
