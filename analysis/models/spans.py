"""Stretches of a file that are read when they are asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError

AGAIN = "Copy or download it again."


@dataclass(frozen=True)
class Span:
    """Bytes ``start`` to ``stop`` of a file."""

    path: Path
    start: int
    stop: int

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.stop - self.start

    def part(self, start: int, stop: int) -> "Span":
        """Return a stretch of this one, counted from its start."""
        return Span(self.path, self.start + start, self.start + stop)

    def read(self) -> bytearray:
        """Return the bytes.

        Raises
        ------
        UserError
            If the file has changed since it was opened.
        """
        data = bytearray(self.size)
        try:
            with self.path.open("rb") as stream:
                stream.seek(self.start)
                whole = stream.readinto(data) == len(data)
        except OSError as error:
            raise UserError(f"'{self.path.name}' can no longer be read: {error.strerror}.", AGAIN) from error
        if not whole:
            raise UserError(f"'{self.path.name}' has become shorter since it was opened.", AGAIN)
        return data


Places = Callable[[str], Span]
"""Says where a storage lies, by its key."""
