"""Table twins: the numbers behind a view, to read, sort and keep."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from .output import whole_file
from .theme import look
from .tips import as_tip

Row = Sequence[Any]
_ROW_PX = 22
_LEAST_PX = 96  # of a column that gives way
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, eq=False)
class Table:
    """The numbers behind a view.

    Attributes
    ----------
    columns : tuple of str
        Names.
    rows : sequence of rows
        Each as long as ``columns``; None where there is no value.
    units : tuple of str
        One a column, empty where there is none; or no units at all.
    """

    columns: tuple[str, ...]
    rows: Sequence[Row]
    units: tuple[str, ...] = ()

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[Any] | NDArray[Any]], units: Sequence[str] = ()) -> "Table":
        """Return a table over columns of equal length; nothing is copied, however long they are."""
        return cls(tuple(columns), _Rows(tuple(columns.values())), tuple(units))

    @property
    def headings(self) -> tuple[str, ...]:
        """Names with their units, as ``name (unit)``."""
        units = self.units or ("",) * len(self.columns)
        return tuple(f"{name} ({unit})" if unit else name for name, unit in zip(self.columns, units, strict=True))

    def column(self, number: int) -> NDArray[Any]:
        """Return one column as an array."""
        if isinstance(self.rows, _Rows):
            return np.asarray(self.rows.columns[number])
        return _array([row[number] for row in self.rows])

    def order(self, number: int, *, descending: bool = False) -> NDArray[np.intp]:
        """Return the rows' order by a column, ties as they stood; missing values come last either way."""
        values = self.column(number)
        if values.dtype == object:
            values = _comparable(values)
        missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
        rank = np.unique(values, return_inverse=True)[1]
        return np.lexsort((-rank if descending else rank, missing))

    def write_csv(self, path: Path) -> None:
        """Write the table as CSV, whole or not at all.

        Raises
        ------
        UserError
            If the file cannot be written.
        """
        with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(self.headings)
            writer.writerows(self._exact_rows())

    def _exact_rows(self) -> Iterable[Row]:
        """Return the rows as they are kept, the numbers of a column of whole ones without a point."""
        whole = [number for number in range(len(self.columns)) if _all_whole(self.column(number))]
        return ([_exact(v) if number in whole else v for number, v in enumerate(row)] for row in self.rows)


class _Rows(Sequence[Row]):
    """Rows of columns that are kept as they are."""

    def __init__(self, columns: tuple[Sequence[Any] | NDArray[Any], ...]) -> None:
        self.columns = columns
        if len({len(column) for column in columns}) > 1:
            raise ValueError("columns of a table have one length")

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def __getitem__(self, where: Any) -> Any:
        if isinstance(where, slice):
            return [self[number] for number in range(*where.indices(len(self)))]
        return tuple(column[where] for column in self.columns)

    def __iter__(self) -> Iterator[Row]:
        return zip(*self.columns, strict=True)


def _all_whole(values: NDArray[Any]) -> bool:
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else np.empty(0)
    return bool(len(known) and (np.abs(known) < 1e15).all() and (known == np.trunc(known)).all())


def _exact(value: Any) -> Any:
    return value if value is None or np.isnan(value) else int(value)


def _array(values: list[Any]) -> NDArray[Any]:
    if all(value is None or isinstance(value, int | float | np.number) for value in values):
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    return np.array(values, dtype=object)


def _comparable(values: NDArray[Any]) -> NDArray[Any]:
    return np.array(["" if value is None else str(value) for value in values], dtype=str)


class TableModel(QAbstractTableModel):
    """A table for a view of rows and columns, sorted by a click on a heading."""

    def __init__(self, table: Table, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = table
        self._order = np.arange(len(table.rows))

    def show(self, table: Table) -> None:
        """Show another table."""
        self.beginResetModel()
        self.table = table
        self._order = np.arange(len(table.rows))
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's name and its default
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.table.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        value = self.table.rows[self._order[index.row()]][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text_of(value)
        if role == Qt.ItemDataRole.ToolTipRole:
            return as_tip(str(value))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if _is_number(value) else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and len(self.table.rows):
            return self.data(self.index(0, section), role)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self.table.headings[section] if orientation == Qt.Orientation.Horizontal else section + 1

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        if 0 <= column < len(self.table.columns):
            self._order = self.table.order(column, descending=order == Qt.SortOrder.DescendingOrder)
        else:
            self._order = np.arange(len(self.table.rows))
        self.layoutChanged.emit()


def digits(number: float, places: int = 0) -> str:
    """Return a number without an exponent: so many places after the point, and thousands apart."""
    text = f"{number:,.{places}f}".replace(",", "\u202f")
    return text.removeprefix("-") if not text.strip("-0.") else text


def is_whole(number: float) -> bool:
    """Return whether a number is one that digits write exactly, with nothing after the point."""
    return bool(abs(number) < 1e15 and number == int(number))


def text_of(value: Any) -> str:
    """Return a value as a person reads it: whole numbers in full, others to four figures, a dash for none."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return digits(int(value))
    if isinstance(value, float | np.floating):
        return _number(float(value))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _number(value: float) -> str:
    return digits(value) if is_whole(value) or 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def class_name(classes: Sequence[str], index: int) -> str:
    """Return the name of a class: a dash for samples without one, the number where the data have no names."""
    return "–" if index < 0 else classes[index] if index < len(classes) else str(index)


def class_names(classes: Sequence[str], indices: NDArray[Any]) -> NDArray[Any]:
    """Return the names of classes (samples,) as objects."""
    return np.array([class_name(classes, index) for index in indices.tolist()], dtype=object)


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float | np.number)


class TableSheet(QTableView):
    """The table twin of a view.

    Parameters
    ----------
    elastic : int or None
        The column that gives way in a narrow table, which is not sorted, down to a few letters; without one, and from
        there on, the columns are scrolled.
    """

    def __init__(self, parent: QWidget | None = None, *, elastic: int | None = None) -> None:
        super().__init__(parent)
        self._elastic = elastic
        self._model = TableModel(Table((), ()), self)
        self.setModel(self._model)
        self.setSortingEnabled(elastic is None)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(round(_ROW_PX * look.scale))
        self.horizontalHeader().setHighlightSections(False)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)

    def show_table(self, table: Table) -> None:
        """Show a table, keeping the column that it is sorted by."""
        header = self.horizontalHeader()
        self._model.show(table)
        self._model.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())
        if len(table.rows) <= 2000:
            self.resizeColumnsToContents()
        if self._elastic is not None and table.columns:
            header.setMinimumSectionSize(round(_LEAST_PX * look.scale))
            header.setSectionResizeMode(self._elastic, QHeaderView.ResizeMode.Stretch)
