"""Files that a person asks for: whole under their name, or not there at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..analysis.atomic import replacing
from ..analysis.errors import UserError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``, which becomes ``path`` when the block ends well.

    Raises
    ------
    UserError
        If the file cannot be written.
    """
    try:
        with replacing(path) as partial:
            yield partial
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.", "Choose another place.") from error
