"""Files of text: UTF-8, or UTF-16 where its mark says so."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ..errors import UserError

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@contextmanager
def opened_text(path: Path) -> Iterator[TextIO]:
    """Open a file as text, with its line ends as they are and without a byte order mark.

    Raises
    ------
    UserError
        If it cannot be read, or holds what is no text; also while it is read.
    """
    encoding = "utf-8-sig"
    try:
        with path.open("rb") as binary:
            start = binary.read(2)
        if b"\0" in start:
            raise UserError(f"'{path}' is not UTF-8 text, but perhaps UTF-16 without its mark.", "Save it as UTF-8.")
        if start in _UTF16:
            encoding = "utf-16"
        with path.open(encoding=encoding, newline="") as stream:
            yield stream
    except UnicodeError as error:
        raise UserError(f"'{path}' is not UTF-8 text{_guess(path)}.", "Save it as UTF-8.") from error
    except OSError as error:
        raise UserError(f"'{path}' cannot be read: {error.strerror}.", "Check its permissions.") from error


def _guess(path: Path) -> str:
    """Say what the first line that is not UTF-8 may be."""
    with path.open("rb") as binary:
        for number, line in enumerate(binary, 1):
            try:
                line.decode("utf-8-sig")
            except UnicodeError:
                kind = "UTF-16" if b"\0" in line else "Latin-1"
                return f", but perhaps {kind} in line {number}"
    return ""
