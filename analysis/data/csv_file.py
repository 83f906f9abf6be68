"""Comma-, semicolon- or tab-separated tables."""

import csv
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from .rows import RowSource
from .samples import single
from .source import has_suffix, source
from .tables import table_source

_SNIFFED = 1 << 16  # characters from which the delimiter is told
_CHUNK = 20_000  # rows that are parsed at a time


@source("a .csv or .tsv with a line of names", lambda path: has_suffix(path, ".csv") or has_suffix(path, ".tsv"))
def open_csv(spec: DataSpec) -> RowSource:
    """Open the table; its first line names the columns.

    Raises
    ------
    UserError
        If it is no such table; further as `table_source`.
    """
    return table_source(spec, CsvFile(Path(spec.path)))


class CsvFile:
    """A CSV file; see `TableFile`. Columns are read when asked for, a chunk of rows at a time.

    Raises
    ------
    UserError
        If it is not UTF-8 text, has no rows, or names that repeat.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._delimiter = self._read_delimiter()
        self.names: Sequence[str] = next(iter(self._lines()), [])
        name, count = next(iter(Counter(self.names).most_common(1)), ("", 0))
        if count > 1:
            raise UserError(f"Two columns of '{path}' are called '{name}'.", "Give each a name of its own.")
        self.numeric = self._numeric()

    def column(self, name: str) -> NDArray[Any]:
        """Return one column, (rows,): float64 where it is numeric, else text."""
        place = self.names.index(name)
        parts = [[row[place] for row in rows] for rows in self._chunks()]
        values = list(itertools.chain.from_iterable(parts))
        return _numbers(values) if name in self.numeric else np.array(values, object)

    def numbers(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Return numeric columns, (rows, columns)."""
        places = [self.names.index(name) for name in names]
        parts = [single(_numbers([[row[p] for p in places] for row in rows])) for rows in self._chunks()]
        return np.concatenate(parts)

    def _numeric(self) -> set[str]:
        numeric = set(range(len(self.names)))
        empty = True
        for rows in self._chunks():
            empty = False
            numeric = {place for place in numeric if _are_numbers([row[place] for row in rows])}
        if empty:
            raise UserError(f"'{self._path}' has no rows below its line of names.", "Check that it was written whole.")
        return {self.names[place] for place in numeric}

    def _chunks(self) -> Iterator[list[list[str]]]:
        lines = self._lines()
        next(lines, None)
        number = 1
        while rows := list(itertools.islice(lines, _CHUNK)):
            for row in rows:
                number += 1
                if len(row) != len(self.names):
                    raise UserError(
                        f"Row {number} of '{self._path}' has {len(row)} values, and there are {len(self.names)} names.",
                        "Mend that row; values with a comma or a line break in them stand in quotes.",
                    )
            yield rows

    def _lines(self) -> Iterator[list[str]]:
        """Give the rows that are not blank."""
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as stream:
                for row in csv.reader(stream, delimiter=self._delimiter, strict=True):
                    if row:
                        yield row
        except UnicodeDecodeError as error:
            raise UserError(f"'{self._path}' is not UTF-8 text.", "Save it as UTF-8.") from error
        except (csv.Error, OSError, ValueError) as error:
            raise UserError(f"'{self._path}' cannot be read as a table: {error}.", "Check its quotes.") from error

    def _read_delimiter(self) -> str:
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as stream:
                start = stream.read(_SNIFFED)
        except UnicodeDecodeError as error:
            raise UserError(f"'{self._path}' is not UTF-8 text.", "Save it as UTF-8.") from error
        if not start.strip():
            raise UserError(f"'{self._path}' is empty.", "Its first line names the columns.")
        first = start.splitlines()[0]
        return max(",;\t", key=first.count)


def _numbers(values: Sequence[Any]) -> NDArray[np.float64]:
    return np.array(values).astype(np.float64)


def _are_numbers(values: list[str]) -> bool:
    try:
        _numbers(values)
    except ValueError:
        return False
    return True
