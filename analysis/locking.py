"""Locks that the operating system frees when their holder ends, however it ends."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .atomic import PARTIAL

LOCKED = f".lock{PARTIAL}"
"""Ending of the lock that lies beside a file which is written by one process alone."""

_PAUSE_S = 0.1


@contextmanager
def alone(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the right to write ``path`` against every process that asks for it so, for as long as they share its disk.

    Parameters
    ----------
    path : Path
        The file; a lock lies beside it meanwhile, and ends with the process that holds it.
    waiting : callable
        Called several times a second while another holds it; may raise to give up.
    """
    lock = path.with_name(f"{path.name}{LOCKED}")
    handle = _open_lock(lock)
    while not (try_lock(handle) and _is_current(lock, handle)):
        os.close(handle)
        waiting()
        time.sleep(_PAUSE_S)
        handle = _open_lock(lock)
    try:
        yield
    finally:
        with suppress(PermissionError):  # a system on which open files cannot be removed
            lock.unlink(missing_ok=True)
        os.close(handle)


def is_held(path: Path) -> bool:
    """Return whether a process holds the right to write ``path``."""
    try:
        handle = os.open(path.with_name(f"{path.name}{LOCKED}"), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not try_lock(handle)
    finally:
        os.close(handle)


def _open_lock(lock: Path) -> int:
    return os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)


def _is_current(lock: Path, handle: int) -> bool:
    """Return whether the lock still lies there: its last holder removed it, and another may have made a new one."""
    try:
        return os.path.samestat(lock.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    # Windows locks bytes against reading too, so the locked byte lies far behind anything that is written.
    _LOCKED_BYTE = 1 << 30

    def try_lock(handle: int) -> bool:
        """Lock an open file unless another process has; return whether it is ours."""
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def try_lock(handle: int) -> bool:
        """Lock an open file unless another process has; return whether it is ours."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
