"""How an input lies on the disk: what the system says of its files, which changes whenever they do."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import time_ns as now
from typing import NamedTuple

GRANULARITY_NS = 2_000_000_000
"""Two changes of a file that are less than this apart may leave the same time: the steps of FAT's clock."""


class Stamp(NamedTuple):
    """What the system says of a file: bytes, times in nanoseconds since the epoch, and where it lies."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, file: Path) -> "Stamp":
        """Return the stamp of a file; that of a link's target."""
        state = file.stat()
        return cls(state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)


@dataclass(frozen=True)
class Sight:
    """An input as it was seen.

    Attributes
    ----------
    path : Path
        A file, an index with the files that it names, or a folder.
    folder : Path
        Where its files lie: itself if it is one.
    stamps : mapping of str to Stamp
        Of every file that belongs to it, by its path from that folder, in the identity's order.
    at_ns : int
        When the look at it began, in nanoseconds since the epoch.
    """

    path: Path
    folder: Path
    stamps: Mapping[str, Stamp]
    at_ns: int

    @property
    def is_file(self) -> bool:
        """Whether it is that one file alone."""
        return self.folder != self.path and len(self.stamps) == 1

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(stamp.size for stamp in self.stamps.values())

    @property
    def settled(self) -> bool:
        """Whether whatever changes after it was seen shows in its stamps: its last change was no moment ago.

        A time of writing may be anything that a program has set; one in the future is no sign of a change just now.
        """
        written = (stamp.mtime_ns for stamp in self.stamps.values() if stamp.mtime_ns <= self.at_ns)
        changed = (stamp.ctime_ns for stamp in self.stamps.values())
        return max((*written, *changed), default=0) + GRANULARITY_NS < self.at_ns

    @cached_property
    def key(self) -> str:
        """Hash of the path and of every stamp."""
        state = hashlib.sha256(os.fsencode(self.path.absolute()))
        for name, stamp in self.stamps.items():
            state.update(f"\0{name}\0{tuple(stamp)}".encode(errors="surrogatepass"))
        return state.hexdigest()

    def alone(self, name: str) -> "Sight":
        """Return the sight of one of its files."""
        file = self.folder / name
        return Sight(file, file.parent, {file.name: self.stamps[name]}, self.at_ns)

    def same_writing(self, other: "Sight") -> bool:
        """Return whether the same files have the same sizes and were last written at the same times."""
        return _writing(self) == _writing(other)


def look(path: Path) -> Sight:
    """Return how an input lies on the disk; hidden files of a folder do not count.

    Raises
    ------
    OSError
        If there is nothing, or a file of it cannot be seen.
    """
    began = now()
    folder, files = (path, sorted(_files(path))) if path.is_dir() else (path.parent, [path, *_indexed(path)])
    return Sight(path, folder, {file.relative_to(folder).as_posix(): Stamp.of(file) for file in files}, began)


def _writing(sight: Sight) -> list[tuple[str, int, int]]:
    return [(name, stamp.size, stamp.mtime_ns) for name, stamp in sight.stamps.items()]


def _files(folder: Path, above: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Give a folder's files, in any order; a folder that is linked to counts as well, one that it lies in does not."""
    real = folder.resolve()
    if real in above:
        return
    for entry in os.scandir(folder):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files(Path(entry.path), above | {real})
        elif entry.is_file():
            yield Path(entry.path)


def _indexed(path: Path) -> list[Path]:
    """Return the files beside an index that it names; none where it is no index."""
    if not path.name.endswith(".index.json"):
        return []
    try:
        names = set(json.loads(path.read_bytes())["weight_map"].values())
        files = sorted(path.with_name(name) for name in names)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []
    return [file for file in files if file.is_file()]
