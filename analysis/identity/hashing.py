"""Hashing a file, every byte of it: SHA-256 up to 1 GiB, as ever; BLAKE3, on all processors, above."""

import errno
import hashlib
import os
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import FileIO
from pathlib import Path
from typing import Protocol

LARGE = 1 << 30
"""Bytes above which a file's hash is BLAKE3: a smaller file keeps the identity that it always had."""

BLOCK = 1 << 22
"""Bytes that are read at once: enough for every processor to have a part, and few enough to stay in its cache."""

_DIGITS = 32


class _Hash(Protocol):
    def update(self, data: memoryview, /) -> object: ...
    def hexdigest(self) -> str: ...


def file_hash(path: Path, read: Callable[[int], None] = lambda _: None) -> str:
    """Return the hash of a file's content, 32 hexadecimal digits; two files differ in it if they differ in any byte.

    Parameters
    ----------
    path : Path
        The file.
    read : callable
        Told how many bytes were read since it was last called; may raise to stop.

    Raises
    ------
    OSError
        If it cannot be read, or is no file.
    """
    if not path.is_file():  # a pipe or a device would be read without end
        raise OSError(errno.EINVAL, "it is no file", str(path)) if path.exists() else FileNotFoundError(str(path))
    with path.open("rb", buffering=0) as stream:
        size = os.fstat(stream.fileno()).st_size
        state = _state(size)
        with closing(_ahead(stream) if size > BLOCK else _blocks(stream)) as blocks:
            for block in blocks:
                state.update(block)
                read(len(block))
    return state.hexdigest()[:_DIGITS]


def _state(size: int) -> _Hash:
    if size <= LARGE:
        return hashlib.sha256()
    from blake3 import blake3  # the window, which hashes nothing, does without

    return blake3(max_threads=blake3.AUTO)


def _blocks(stream: FileIO) -> Generator[memoryview, None, None]:
    while block := stream.read(BLOCK):
        yield memoryview(block)


def _ahead(stream: FileIO) -> Generator[memoryview, None, None]:
    """Give a file's blocks, each while the next is being read.

    They are read, not mapped: a file that becomes shorter meanwhile would end a process that has it mapped.
    """
    here, there = bytearray(BLOCK), bytearray(BLOCK)
    with ThreadPoolExecutor(1, "graftwork reading") as reader:
        coming = reader.submit(stream.readinto, here)
        while length := coming.result():
            coming = reader.submit(stream.readinto, there)
            yield memoryview(here)[:length]
            here, there = there, here
