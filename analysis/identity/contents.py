"""Content identities of inputs, each hashed once for as long as nothing about its files changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Self

from .digests import digest
from .hashing import LARGE, file_hash
from .memory import FOLDER, Memory
from .sights import Sight, look

Report = Callable[[float, float, str], None]
"""Told of progress: how many of how many bytes, and in words; may raise to stop."""

WORTH_KEEPING = 1 << 26  # bytes; less is hashed again sooner than it is looked up
_MOST = 4096


def _quiet(_: float, __: float, ___: str) -> None:
    pass


class Contents:
    """The content identities of inputs, as this process and its memories know them.

    What was changed so shortly before it was seen that a further change could leave the same times is never remembered.

    Parameters
    ----------
    memories : Memory
        Where else to look, and to keep what was long to hash.
    """

    def __init__(self, *memories: Memory) -> None:
        self._memories = memories

    @classmethod
    def kept(cls, root: Path | None = None) -> Self:
        """Return those that the person's cache keeps, and the workspace in the folder ``root`` for all who open it."""
        of_workspace = [Memory(root / FOLDER)] if root and root.is_dir() else []
        return cls(Memory.of_user(), *of_workspace)

    def of(self, path: Path, report: Report = _quiet) -> str:
        """Return the content identity of a file, of an index with the files that it names, or of a folder's files.

        Raises
        ------
        OSError
            If the path cannot be read.
        """
        return self.seen(look(path), report)

    def seen(self, sight: Sight, report: Report = _quiet) -> str:
        """Return `of` for an input that was seen; what is read is what lies there now."""
        return self.known(sight) or self._hashed(sight, report)

    def known(self, sight: Sight) -> str | None:
        """Return the content of an input that was seen, where that takes no reading; None where it does."""
        if not sight.settled:
            return None
        if content := _RECENT.get(sight.key):
            return content
        if sight.size < WORTH_KEEPING:
            return None
        return next(filter(None, (memory.recall(sight) for memory in self._memories)), None)

    def _hashed(self, sight: Sight, report: Report) -> str:
        progress = _Reading(sight, report)
        content = file_hash(sight.path, progress.read) if sight.is_file else self._of_parts(sight, progress)
        self._keep(sight, content)
        return content

    def _of_parts(self, sight: Sight, progress: "_Reading") -> str:
        return digest([[name, self._part(sight.alone(name), progress)] for name in sight.stamps])

    def _part(self, part: Sight, progress: "_Reading") -> str:
        """Return the hash of one file of several; that of a large one is remembered for itself."""
        if part.size <= LARGE:
            return file_hash(part.path, progress.read)
        if content := self.known(part):
            progress.read(part.size)
            return content
        content = file_hash(part.path, progress.read)
        self._keep(part, content)
        return content

    def _keep(self, sight: Sight, content: str) -> None:
        if not sight.settled or look(sight.path).stamps != sight.stamps:
            return
        if len(_RECENT) >= _MOST:
            _RECENT.clear()
        _RECENT[sight.key] = content
        if sight.size >= WORTH_KEEPING:
            for memory in self._memories:
                memory.keep(sight, content)


_RECENT: dict[str, str] = {}


class _Reading:
    """Bytes that were read of an input, told in words."""

    def __init__(self, sight: Sight, report: Report) -> None:
        self._name, self._total, self._report = sight.path.name, sight.size, report
        self._done = 0

    def read(self, count: int) -> None:
        self._done += count
        scale, unit = (1e9, "GB") if self._total >= 1e9 else (1e6, "MB")
        note = f"reading {self._name}: {self._done / scale:.1f} of {self._total / scale:.1f} {unit}"
        self._report(self._done, self._total, note)


def fingerprint(path: Path) -> str:
    """Return the content identity of a file, of an index with the files that it names, or of a folder's files.

    It covers every byte of them and their names in the folder; hidden files of a folder do not count.

    Raises
    ------
    OSError
        If the path cannot be read.
    """
    return Contents().of(path)
