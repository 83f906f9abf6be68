"""One writer at a time: a lock that the operating system frees when its process ends, however it ends."""

import os
import sys
from pathlib import Path

from ..errors import UserError

# Windows locks bytes against reading too, so the locked byte lies far behind the process id.
_LOCKED_BYTE = 1 << 30


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
        try:
            _lock(self._file)
        except OSError as error:
            os.close(self._file)
            raise _refusal(path) from error
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


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        os.lseek(file, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
