"""Tables of text: cells with commas, semicolons, tabs or bars between them."""

import csv
import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from .csv_cells import Column, Spoilt, number
from .csv_layout import is_blank, layout_of
from .rows import RowSource
from .samples import single
from .source import has_suffix, source
from .tables import declared_columns, table_source
from .text_file import opened_text

_CHUNK = 20_000  # rows that are parsed at a time
_LONGEST_CELL = 1 << 28  # characters; the library's own bound is below many a text
csv.field_size_limit(_LONGEST_CELL)


@source("a .csv or .tsv table", lambda path: has_suffix(path, ".csv") or has_suffix(path, ".tsv"))
def open_csv(spec: DataSpec) -> RowSource:
    """Open the table; its first line names the columns, unless they are declared by their numbers.

    Raises
    ------
    UserError
        If it is no such table; further as `table_source`.
    """
    return table_source(spec, CsvFile(Path(spec.path), declared_columns(spec)))


class CsvFile:
    """A CSV file; see `TableFile`. Columns are read when asked for, a chunk of rows at a time.

    Parameters
    ----------
    path : Path
        The file.
    declared : collection of str
        Columns that a person names.

    Raises
    ------
    UserError
        If it is no text, has no rows or names that repeat, or mixes decimal points and commas; further as `layout_of`.
    """

    def __init__(self, path: Path, declared: Collection[str] = ()) -> None:
        self._path = path
        self._layout = layout_of(path, declared)
        self.names: Sequence[str] = self._layout.names
        name, count = next(iter(Counter(self.names).most_common(1)), ("", 0))
        if count > 1:
            raise UserError(f"Two columns of '{path}' are called '{name}'.", "Give each a name of its own.")
        columns = self._looked_at()
        self._check_decimals(columns)
        self.numeric = {name for name, column in columns.items() if column.numeric}
        self.almost: Mapping[str, Spoilt] = {
            name: column.almost for name, column in columns.items() if column.almost and (name or column.filled)
        }

    def column(self, name: str) -> NDArray[Any]:
        """Return one column, (rows,): float64 where it is numeric, else text."""
        place = self.names.index(name)
        values = [row[place] for rows in self._chunks() for row in rows]
        return np.array(list(map(number, values))) if name in self.numeric else np.array(values, object)

    def numbers(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Return numeric columns, (rows, columns)."""
        places = [self.names.index(name) for name in names]
        parts = [
            single(np.array([[number(row[place]) for place in places] for row in rows])) for rows in self._chunks()
        ]
        return np.concatenate(parts)

    def class_names(self, name: str) -> Sequence[str]:
        """Return no names: such a file says none."""
        return ()

    def _looked_at(self) -> dict[str, Column]:
        columns = {name: Column() for name in self.names}
        first = 1
        for rows in self._chunks():
            for column, cells in zip(columns.values(), zip(*rows, strict=True), strict=True):
                column.look(cells, first, self._layout.decimal_commas)
            first += len(rows)
        if first == 1:
            raise UserError(f"'{self._path}' has no rows below its line of names.", "Check that it was written whole.")
        return columns

    def _check_decimals(self, columns: Mapping[str, Column]) -> None:
        commas = next((name for name, column in columns.items() if column.numeric and column.commas), None)
        points = next((name for name, column in columns.items() if column.numeric and column.points), None)
        if commas is not None and points is not None:
            raise UserError(
                f"'{self._path}' has decimal commas in the column '{commas}' and decimal points in '{points}'.",
                "Write all numbers with decimal points, and without marks between thousands.",
            )

    def _chunks(self) -> Iterator[list[list[str]]]:
        lines = self._lines()
        first = 1 + self._layout.named  # line of names counts as row 1
        while rows := list(itertools.islice(lines, _CHUNK)):
            for row_number, row in enumerate(rows, first):
                if len(row) != len(self.names):
                    raise UserError(
                        f"Row {row_number} of '{self._path}' has {len(row)} values, "
                        f"and there are {len(self.names)} names.",
                        "Mend that row; values with a delimiter or a line break in them stand in quotes.",
                    )
            first += len(rows)
            yield rows

    def _lines(self) -> Iterator[list[str]]:
        """Give the rows below the names that are not blank."""
        layout = self._layout
        try:
            with opened_text(self._path) as stream:
                lines = itertools.islice(stream, layout.before, None)
                reader = csv.reader(lines, delimiter=layout.delimiter, skipinitialspace=layout.spaced, strict=True)
                yield from itertools.islice((row for row in reader if not is_blank(row)), int(layout.named), None)
        except (csv.Error, ValueError) as error:
            raise UserError(f"'{self._path}' cannot be read as a table: {error}.", "Check its quotes.") from error
