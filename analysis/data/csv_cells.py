"""Cells of a table: which columns are numbers, with a decimal point or a decimal comma."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_COMMA = re.compile(r"\s*[-+]?([0-9]+,[0-9]*|,[0-9]+)([eE][-+]?[0-9]+)?\s*")
_MEANT = re.compile(r"\s*[-+]?[0-9]{1,3}([,.' ][0-9]{3})+([.,][0-9]+)?\s*|\s*[-+]?[0-9.,]*[0-9]\s*%\s*")
"""Numbers that a person reads, with their thousands apart or in percent."""

Spoilt = tuple[int, str]
"""A row from 1 on, and what it holds in place of a number."""


@dataclass
class Column:
    """What the cells of a column are, told from all of them.

    Attributes
    ----------
    filled, numbers, meant : int
        Cells that hold anything; those that hold a number, and those that hold one as only a person reads it.
    points, commas : bool
        Whether numbers have decimal points, and decimal commas.
    spoilt : (int, str) or None
        The first cell that is no number.
    """

    filled: int = 0
    numbers: int = 0
    meant: int = 0
    points: bool = False
    commas: bool = False
    spoilt: Spoilt | None = None

    @property
    def numeric(self) -> bool:
        """Whether every cell is a number."""
        return self.spoilt is None

    @property
    def almost(self) -> Spoilt | None:
        """The first cell that is no number, of a column that is meant to be of numbers, or is empty."""
        return self.spoilt if 2 * (self.numbers + self.meant) >= self.filled else None

    def look(self, cells: Sequence[str], first: int, decimal_commas: bool) -> None:
        """Look at further cells, the first of which stands in row ``first``."""
        if _are_numbers(cells):
            self.filled += len(cells)
            self.numbers += len(cells)
            self.points |= decimal_commas and any("." in cell for cell in cells)
        else:
            self._look_at_each(cells, first, decimal_commas)

    def _look_at_each(self, cells: Sequence[str], first: int, decimal_commas: bool) -> None:
        for row, cell in enumerate(cells, first):
            self.filled += bool(cell.strip())
            if is_number(cell):
                self.numbers += 1
                self.points |= "." in cell
            elif _COMMA.fullmatch(cell):
                self._look_at_comma(row, cell, decimal_commas)
            else:
                self.meant += bool(_MEANT.fullmatch(cell))
                self.spoilt = self.spoilt or (row, cell)

    def _look_at_comma(self, row: int, cell: str, decimal_commas: bool) -> None:
        self.meant += 1
        self.commas = True
        if not decimal_commas:
            self.spoilt = self.spoilt or (row, cell)


def is_number(cell: str) -> bool:
    """Return whether a cell holds a number with a decimal point, or none."""
    return _are_numbers([cell.rstrip("\0")])


def number(cell: str) -> float:
    """Return a cell's number, with a decimal point or comma."""
    return float(cell.replace(",", ".").rstrip("\0"))


def number_like(cell: str, decimal_commas: bool) -> bool:
    """Return whether a cell holds a number, with a decimal comma where that is possible."""
    return is_number(cell) or (decimal_commas and bool(_COMMA.fullmatch(cell)))


def _are_numbers(cells: Sequence[str]) -> bool:
    try:
        return bool(list(map(float, cells)))
    except ValueError:
        return False
