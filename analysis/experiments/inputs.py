"""What the files of a recipe hold: known when it is planned, and asked again before a trial uses them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..data.unsaid import unsaid
from ..errors import UserError
from ..identity import digest, remembered_fingerprint
from ..trials import DataFields, DataSpec, SourceModel

BUNDLED = "digits"
"""The path, and the content, of the data set that lies in no file."""


def data_content(data: DataFields, content_of: Callable[[str, str], str]) -> str:
    """Return the identity of what a data set holds.

    Parameters
    ----------
    data : DataFields
        With absolute paths.
    content_of : callable
        Gives the fingerprint of a path, and is told beside it what a person calls the path.

    Raises
    ------
    UserError
        If a file or a class folder cannot be read.
    """
    what = f"data set '{data.name}'"
    content = BUNDLED if data.path == BUNDLED else content_of(data.path, what)
    linked, classes = unsaid(data)
    beside: list[Any] = [content_of(str(folder), what) for folder in linked]
    beside += [{"classes": classes}] if classes else []
    beside += [{"declared": True}] if data.classes is not None else []
    if beside:
        content = digest([content, *beside])
    if data.tokenizer:
        content = digest([content, content_of(data.tokenizer, f"tokenizer of data set '{data.name}'")])
    return content


def check_model_unchanged(model: SourceModel) -> None:
    """Check that a checkpoint is the one that was planned with.

    Raises
    ------
    UserError
        If it is gone, or holds something else.
    """
    what = f"checkpoint '{model.name}'"
    _require_same(what, model.path, model.content, _present(model.path, what))


def check_data_unchanged(data: DataSpec) -> None:
    """Check that a data set is the one that was planned with.

    Raises
    ------
    UserError
        If it is gone, or holds something else.
    """
    _require_same(f"data set '{data.name}'", data.path, data.content, data_content(data, _present))


def _present(path: str, what: str) -> str:
    if not Path(path).exists():
        raise UserError(f"The {what}, {path}, is no longer there.", "Put it back, or mend its path in the recipe.")
    return remembered_fingerprint(Path(path))


def _require_same(what: str, path: str, planned: str, found: str) -> None:
    if found != planned:
        raise UserError(f"The {what}, {path}, has changed since the run was planned.", "Run the recipe again.")
