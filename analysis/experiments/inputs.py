"""What the files of a recipe hold: known when it is planned, asked again before a trial uses them and once it has."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.unsaid import unsaid
from ..errors import UserError
from ..identity import Contents, Sight, digest, look
from ..jobs.protocol import Ticket
from ..own_code import code_of
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


class ChangedError(UserError):
    """A file changed while a trial used it, so that nobody knows what the trial has seen."""


@dataclass(frozen=True)
class _Use:
    """An input that is used: what a person calls it, how it lay there and what it held."""

    what: str
    sight: Sight
    content: str


class Inputs:
    """The files that a trial uses: what was planned with when they were taken, and the same whenever that is checked.

    Parameters
    ----------
    contents : Contents
        What is known of files.
    ticket : Ticket
        Told how far a large file is read; where it is cancelled, so is the reading.
    """

    def __init__(self, contents: Contents, ticket: Ticket) -> None:
        self._contents, self._ticket = contents, ticket
        self._used: dict[str, _Use] = {}

    def take_model(self, model: SourceModel) -> None:
        """Note that a checkpoint is about to be read.

        Raises
        ------
        UserError
            If it, or a person's own code that builds it, is gone, or is not what was planned with.
        """
        what = f"checkpoint '{model.name}'"
        _require_same(what, model.path, model.content, self._take(model.path, what))
        if model.network and model.code:
            self._take_code(f"code of '{model.name}'", model.network, model.code)

    def _take_code(self, what: str, network: str, planned: str) -> None:
        code = code_of(network)
        for file in code.files:
            self._take(str(file), what)
        _require_same(what, network, planned, code.content)

    def take_data(self, data: DataSpec) -> None:
        """Note that a data set is about to be read.

        Raises
        ------
        UserError
            If it is gone, or is not the one that was planned with.
        """
        _require_same(f"data set '{data.name}'", data.path, data.content, data_content(data, self._take))

    @property
    def key(self) -> str:
        """Hash of how everything that was taken lay on the disk."""
        return digest(sorted(use.sight.key for use in self._used.values()))

    def check(self) -> None:
        """Check that what was taken lies there as it did; a cheap look at every file.

        Raises
        ------
        ChangedError
            Naming the first that changed.
        """
        for use in self._used.values():
            if not self._is_unchanged(use):
                raise ChangedError(
                    f"The {use.what}, {use.sight.path}, changed while it was used.",
                    "Let whatever writes it finish, and run the recipe again.",
                )

    def _take(self, path: str, what: str) -> str:
        if path not in self._used:
            if not Path(path).exists():
                raise UserError(
                    f"The {what}, {path}, is no longer there.", "Put it back, or mend its path in the recipe."
                )
            sight = look(Path(path))
            self._used[path] = _Use(what, sight, self._contents.seen(sight, self._ticket.progress))
        return self._used[path].content

    def _is_unchanged(self, use: _Use) -> bool:
        with suppress(OSError):
            now = look(use.sight.path)
            if now.stamps == use.sight.stamps and use.sight.settled:
                return True
            # Other rights, another name, or times that are too coarse to tell: what is in it decides.
            return now.same_writing(use.sight) and self._contents.seen(now, self._ticket.progress) == use.content
        return False


def _require_same(what: str, path: str, planned: str, found: str) -> None:
    if found != planned:
        raise UserError(f"The {what}, {path}, has changed since the run was planned.", "Run the recipe again.")
