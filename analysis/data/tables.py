"""Tables: columns of numbers or text, with labels, groups and weights among the columns. CSV and Parquet."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError, unknown
from ..trials import DataSpec
from ..weights import WEIGHT
from .labelled import Labels, encode, encode_named, unlabelled
from .rows import RowSource, plain
from .source import refuse_scaling, refuse_split
from .tokenizing import text_source
from .weights import as_weights

LABELS = ("label", "labels", "class", "target", "y")
"""What the column of classes is called, in any case."""
_SHOWN = 20  # characters of a cell


class TableFile(Protocol):
    """A table by its columns.

    Attributes
    ----------
    names : sequence of str
        Of all columns.
    numeric : set of str
        Those that hold numbers alone.
    almost : mapping of str to (int, str)
        Columns that are meant to hold numbers, or hold nothing: the row, from 1 on, and the cell that is no number.
    """

    names: Sequence[str]
    numeric: set[str]
    almost: Mapping[str, tuple[int, str]]

    def column(self, name: str) -> NDArray[Any]:
        """Return one column, (rows,): float64 where it is numeric, else text."""
        ...

    def numbers(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Return numeric columns, (rows, columns)."""
        ...

    def class_names(self, name: str) -> Sequence[str]:
        """Return what the file calls the classes that a column counts; none where it does not say."""
        ...


def table_source(spec: DataSpec, table: TableFile) -> RowSource:
    """Make samples of a table's rows: of the column of text, if one is declared, else of its columns of numbers.

    Raises
    ------
    UserError
        If a declared column is not there, or not of its kind, or there is nothing to make samples of.
    """
    refuse_scaling(spec)
    refuse_split(spec.path, spec.split)
    check_declared(spec, table)
    label = label_column(spec, table)
    further = dict(further_columns(spec, table))
    if spec.text is not None:
        texts = [str(text) for text in table.column(spec.text)]
        return text_source(spec, texts, labelled_rows(spec, table, len(texts)), further)
    taken = {label, spec.weight, *spec.labels, *spec.groups}
    candidates = spec.columns or [name for name in table.names if name not in taken]
    _check_whole(spec, table, candidates)
    names = spec.columns or [name for name in candidates if name in table.numeric]
    _check_numeric(spec, table, names)
    rows = _finite(spec, names, table.numbers(names))
    labelled = labelled_rows(spec, table, len(rows))
    told = _left_out(spec, [name for name in candidates if name and name not in table.numeric])
    return RowSource(
        spec.path, "numbers", rows.shape[1:], labelled, lambda samples: rows[samples], further=further, remarks=told
    )


def check_declared(spec: DataSpec, table: TableFile) -> None:
    """Check that every column that a data set names is there.

    Raises
    ------
    UserError
        Naming the first that is not.
    """
    for name in declared_columns(spec):
        if name not in table.names:
            raise unknown(f"column of '{spec.path}' called", name, list(table.names))


def declared_columns(spec: DataSpec) -> list[str]:
    """Return the columns that a data set names."""
    single = filter(None, (spec.label, spec.weight, spec.text))
    return [*spec.labels, *spec.groups, *single, *(spec.columns or ())]


def label_column(spec: DataSpec, table: TableFile) -> str | None:
    """Return the column of the classes: the declared one, else one of a usual name, if any.

    Beside a column X, one called Y is the other coordinate.
    """
    if spec.label:
        return spec.label
    known = [name for name in table.names if name != "Y" or "X" not in table.names]
    found = {name.strip().lower(): name for name in reversed(known)} | {name: name for name in known}
    return next((found[name] for name in LABELS if name in found), None)


def labelled_rows(spec: DataSpec, table: TableFile, rows: int) -> Labels:
    """Return the rows' labels and classes.

    Raises
    ------
    UserError
        As `encode`.
    """
    label = label_column(spec, table)
    if label is None:
        return unlabelled(rows)
    what, names = f"The column '{label}' of '{spec.path}'", table.class_names(label)
    values = table.column(label)
    return encode_named(values, names, spec.path, what) if names else encode(values, what)


def further_columns(spec: DataSpec, table: TableFile) -> Iterator[tuple[str, NDArray[Any]]]:
    """Give the further labels, the groups and the weights of the rows.

    Raises
    ------
    UserError
        As `as_weights`.
    """
    for name in spec.labels:
        yield f"label.{name}", plain(table.column(name))
    for name in spec.groups:
        yield f"group.{name}", plain(table.column(name))
    if spec.weight is not None:
        yield WEIGHT, as_weights(spec, table.column(spec.weight), label_column(spec, table))


def _check_whole(spec: DataSpec, table: TableFile, names: Sequence[str]) -> None:
    """Refuse a column of numbers that lacks some, rather than leave it out."""
    if "" in names and "" in table.numeric:
        raise UserError(
            f"A column of '{spec.path}' has no name, such as one that only counts the rows.",
            "Name it, or declare the columns that count: columns = [...].",
        )
    name = next((name for name in names if name in table.almost), None)
    if name is not None:
        row, cell = table.almost[name]
        held = f"holds '{cell[:_SHOWN]}', no number," if cell.strip() else "is empty"
        raise UserError(
            f"The column '{name}' of '{spec.path}' {held} in row {row}.",
            "Mend or take out that row, or declare the columns that count: columns = [...].",
        )


def _left_out(spec: DataSpec, names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        return ()
    if len(names) == 1:
        return (f"The column {names[0]} of {spec.name} holds no numbers and no input is made of it.",)
    return (f"The columns {', '.join(names)} of {spec.name} hold no numbers and no input is made of them.",)


def _finite(spec: DataSpec, names: Sequence[str], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = bad[0]
        raise UserError(
            f"The column '{names[column]}' of '{spec.path}' is {rows[row, column]} in row {row + 1}.",
            "Mend or take out that row: a network wants numbers.",
        )
    return rows


def _check_numeric(spec: DataSpec, table: TableFile, names: Sequence[str]) -> None:
    bad = next((name for name in names if name not in table.numeric), None)
    if bad is not None:
        raise UserError(f"The column '{bad}' of '{spec.path}' holds more than numbers.", "Leave it out of columns.")
    if not names:
        raise UserError(
            f"'{spec.path}' has no columns of numbers.", 'Declare the column of text, such as text = "sentence".'
        )
