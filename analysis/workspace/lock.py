"""One writer at a time: a lock that the operating system frees when its process ends, however it ends."""

import os
from pathlib import Path

from ..errors import UserError
from ..locking import try_lock


class WriterLock:
    """The right to write, held from construction to `release`.

    Parameters
    ----------
    path : Path
        The lock file; it is made if missing and never removed.

    Raises
    ------
    UserError
        If another holder has it (named by its process id), or the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise UserError(
                f"The workspace {path.parent} cannot be written: {error.strerror}.",
                "Open it read-only, or make the folder writable.",
            ) from error
        if not try_lock(self._file):
            os.close(self._file)
            raise _refusal(path)
        os.truncate(self._file, 0)
        os.write(self._file, str(os.getpid()).encode())

    def release(self) -> None:
        """Give the lock back; once is enough, twice does no harm."""
        if self._file >= 0:
            os.truncate(self._file, 0)
            os.close(self._file)  # frees the lock
            self._file = -1


def holder(path: Path) -> int | None:
    """Return the process id that a lock file names, or None."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _refusal(path: Path) -> UserError:
    process = holder(path)
    who = f"process {process}" if process else "another process"
    return UserError(
        f"The workspace {path.parent} is being written by {who}.",
        "Close it there, or open this one read-only.",
    )
