"""How a table of text is written: what stands between its cells, and where its names are."""

import csv
import io
import itertools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from .csv_cells import number_like
from .tables import LABELS
from .text_file import opened_text

DELIMITERS = ",;\t|"
_SNIFFED = 1 << 20  # characters from which the layout is told
_LOOKED_AT = 200  # rows
_DECLARED = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # as Excel writes and reads it

Rows = list[list[str]]


@dataclass(frozen=True)
class Layout:
    """The layout of a table.

    Attributes
    ----------
    delimiter : str
        What stands between cells.
    before : int
        Lines above the first row, which are no part of the table.
    spaced : bool
        Whether a blank follows each delimiter.
    names : tuple of str
        Of the columns; their numbers from 1 on where the table has no line of names.
    named : bool
        Whether the first row holds the names.
    """

    delimiter: str
    before: int
    spaced: bool
    names: tuple[str, ...]
    named: bool

    @property
    def decimal_commas(self) -> bool:
        """Whether a comma may stand for the decimal point."""
        return self.delimiter != ","


def layout_of(path: Path, declared: Collection[str]) -> Layout:
    """Tell the layout of a table from its first rows.

    The delimiter is the one by which most rows have as many cells as the first, most of them numbers. A first row whose
    cells are like those below it, numbers among them, names nothing: columns then go by their numbers from 1 on, where
    these are ``declared``.

    Raises
    ------
    UserError
        If the file is no text or empty, or begins with a row that may be names or numbers.
    """
    with opened_text(path) as stream:
        lines = list(io.StringIO(stream.read(_SNIFFED), newline=""))
    before, comment, delimiter = _head(lines)
    body = lines[before:]
    if not _rows(body, delimiter or ","):
        raise UserError(f"'{path}' is empty.", "Its first line names the columns.")
    candidates = sorted(DELIMITERS, key=lambda mark: mark != "\t") if path.suffix.lower() == ".tsv" else DELIMITERS
    delimiter = delimiter or max(candidates, key=lambda candidate: _fitness(_rows(body, candidate)))
    first = next(csv.reader(body, delimiter=delimiter))
    spaced = len(first) > 1 and all(cell.startswith(" ") for cell in first[1:])
    rows = _rows(body, delimiter, spaced)
    names, named = _names(path, rows, _cells(comment, delimiter), declared, delimiter != ",")
    return Layout(delimiter, before, spaced, names, named)


def is_blank(row: Sequence[str]) -> bool:
    """Return whether a row is that of a line with nothing in it but blanks."""
    return not row or (len(row) == 1 and not row[0].strip())


def _head(lines: Sequence[str]) -> tuple[int, str, str | None]:
    """Return how many lines stand above the table, the last comment among them, and the delimiter that they declare."""
    comment, delimiter = "", None
    for number, line in enumerate(lines):
        if line.startswith("#"):
            comment = line.lstrip("#")
        elif line.strip() and delimiter is None and (declared := _DECLARED.fullmatch(line)):
            delimiter = declared[1]
        elif line.strip():
            return number, comment, delimiter
    return len(lines), comment, delimiter


def _rows(lines: Sequence[str], delimiter: str, spaced: bool = False) -> Rows:
    """Return the first rows; an empty one stands where they cannot be read."""
    rows: Rows = []
    try:
        for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=spaced, strict=True):
            if len(rows) == _LOOKED_AT:
                break
            if not is_blank(row):
                rows.append(row)
    except csv.Error:
        rows.append([])
    return rows


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line.strip()], delimiter=delimiter), [])]


def _fitness(rows: Rows) -> tuple[bool, float, float, int]:
    """Return how well rows look like those of a table: cells in rows of equal length, most of them numbers."""
    width = len(rows[0]) if rows else 0
    cells = list(itertools.chain.from_iterable(rows[1:]))
    numbers = sum(number_like(cell, decimal_commas=True) for cell in cells) / max(len(cells), 1)
    return width > 1, sum(len(row) == width for row in rows) / max(len(rows), 1), numbers, width


def _names(
    path: Path, rows: Rows, comment: list[str], declared: Collection[str], decimal_commas: bool
) -> tuple[tuple[str, ...], bool]:
    """Return the names of the columns, and whether the first row holds them."""
    first = [cell.strip() for cell in rows[0]]
    if len(comment) == len(first) and any(number_like(cell, decimal_commas) for cell in first):
        return tuple(comment), False
    if not _is_like_the_rest(first, rows[1:], declared, decimal_commas):
        return tuple(first), True
    numbered = tuple(map(str, range(1, len(first) + 1)))
    if declared and set(declared) <= set(numbered):
        return numbered, False
    raise UserError(
        f"The first row of '{path}', {', '.join(first[:3])}{', …' if len(first) > 3 else ''}, is no line of names: "
        "it is like the rows below it.",
        f'Add a line of names, or declare the columns by their numbers, such as label = "{len(first)}".',
    )


def _is_like_the_rest(first: list[str], rest: Rows, declared: Collection[str], decimal_commas: bool) -> bool:
    """Return whether the first row names nothing: numbers stand where numbers follow, and text where text does."""
    numbers = [number_like(cell, decimal_commas) for cell in first]
    if not rest or not any(numbers) or _known(first, declared) or _are_places(first, rest, declared):
        return False
    columns = itertools.zip_longest(*rest, fillvalue="")
    return all(
        not cell or number == _mostly_numbers(column, decimal_commas)
        for cell, number, column in zip(first, numbers, columns, strict=False)
    )


def _known(first: list[str], declared: Collection[str]) -> bool:
    """Return whether there is a usual name of labels in the row, or a declared one that is no number."""
    words = {name for name in declared if not name.isdigit()}
    return not set(LABELS).isdisjoint(cell.lower() for cell in first) or not words.isdisjoint(first)


def _are_places(first: list[str], rest: Rows, declared: Collection[str]) -> bool:
    """Return whether the row counts the columns, where a person or the numbers below it confirm that it is none."""
    unnamed = not first[0]  # the rows' own numbers, as pandas writes them
    counts = [list(map(str, range(start, start + len(first) - unnamed))) for start in (0, 1)]
    if first[unnamed:] not in counts:
        return False
    fractions = any(cell and not cell.strip().lstrip("-").isdigit() for row in rest for cell in row)
    return unnamed or fractions or (bool(declared) and set(declared) <= set(first))


def _mostly_numbers(cells: Sequence[str], decimal_commas: bool) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return 2 * sum(number_like(cell, decimal_commas) for cell in filled) > len(filled)
