"""A file for writers that end the process where one of their writes fails, as torch's writer of archives does."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast


@contextmanager
def patient(path: Path) -> Iterator[IO[bytes]]:
    """Give a new file that takes every write; what went wrong is raised once the writer is done.

    Raises
    ------
    OSError
        If something could not be written, or the file is there already.
    """
    with path.open("xb", buffering=0) as file:
        stream = _Patient(file)
        yield cast("IO[bytes]", stream)
        if stream.error:
            raise stream.error


class _Patient(io.RawIOBase):
    """Drops whatever comes after a write that failed."""

    def __init__(self, file: Any) -> None:
        super().__init__()
        self._file = file
        self.error: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Write all of it, as far as that can be."""
        left = memoryview(data).cast("B")
        size = left.nbytes
        try:
            while left and self.error is None:
                left = left[self._file.write(left) :]
        except OSError as error:
            self.error = error
        return size
