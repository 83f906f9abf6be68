"""How a file comes to be whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

PARTIAL = ".partial"
"""Ending of a file that is being written."""

DRAFT = ".draft"
"""Ending of a file that a method resumes from."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; what is written there takes its place at once, or not at all.

    Raises
    ------
    OSError
        If the file cannot be written; ``path`` is then as it was.
    """
    temporary = path.with_name(f"{path.name}.{uuid4().hex}{PARTIAL}")
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file of text, in UTF-8, as `replacing`; an error names the file itself."""
    try:
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def sync(path: Path) -> None:
    """Wait until a file's content is on the disk."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def promise(path: Path) -> None:
    """Let a file have all the room of its size, where the system can do that.

    A program that writes to mapped memory is ended by the system if the disk is full by then.

    Raises
    ------
    OSError
        If the disk has not that much.
    """
    if sys.platform == "linux":
        with path.open("rb+") as stream:
            os.posix_fallocate(stream.fileno(), 0, max(1, path.stat().st_size))


def sync_folder(path: Path) -> None:
    """Wait until a folder's names are on the disk, where the system can do that."""
    if sys.platform == "win32":
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
