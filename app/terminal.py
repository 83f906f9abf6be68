"""What is shown in a terminal, the one place that writes to it.

Much of it is said by files: names of tensors and classes, paths, settings. It is shown as it is, whatever it looks
like; nothing of it is markup, and no control character reaches the terminal.
"""

import json
import re
import sys
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from ..analysis.printable import printable

_IN_FILES = 160  # columns
_UNUSUAL = re.compile(r"[^\n\x20-\x7e]")


class Screen(Console):
    """A console that shows texts as they are, in tables and titles too."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text without reading markup or names of emoji in it."""
        return super().render_str(printable(text), **{**options, "markup": False, "emoji": False})

    def say(self, text: str) -> None:
        """Print a sentence, which a terminal breaks between words and a file has on one line."""
        self.print(text, highlight=False, soft_wrap=not self.is_terminal)


def as_it_is(text: str) -> Text:
    """Return a text for those parts of Rich that would read markup in it themselves."""
    return Text(printable(text))


def screen() -> Screen:
    """Return where tables are printed: as wide as the terminal, or wide enough for a file."""
    return Screen(width=None if sys.stdout.isatty() else _IN_FILES)


def error_screen() -> Screen:
    """Return where progress and problems are printed."""
    return Screen(stderr=True)


def progress_on(console: Screen) -> Progress:
    """Return bars with a description and a count each; descriptions go through `printable`."""
    description = TextColumn("{task.description}", markup=False)
    return Progress(description, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)


def write(text: str) -> None:
    """Write a text of several lines."""
    sys.stdout.write("\n".join(map(printable, text.split("\n"))))


def write_line(text: str) -> None:
    """Write a line."""
    sys.stdout.write(printable(text) + "\n")


def write_error(text: str) -> None:
    """Write a line where errors go."""
    sys.stderr.write(printable(text) + "\n")


def write_json(content: Any) -> None:
    """Write values as JSON; what a terminal could not show is escaped as JSON does."""
    write_json_text(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def write_json_text(text: str) -> None:
    """Write a JSON text; see `write_json`."""
    sys.stdout.write(_UNUSUAL.sub(lambda found: _as_json(found[0]), text) + "\n")


def _as_json(character: str) -> str:
    return character if printable(character) == character else json.dumps(character)[1:-1]
