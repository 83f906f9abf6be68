"""Parquet tables, read by pyarrow where it is installed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from .rows import RowSource
from .samples import check_count, single
from .source import has_suffix, source
from .tables import table_source


@source("a .parquet table", lambda path: has_suffix(path, ".parquet"))
def open_parquet(spec: DataSpec) -> RowSource:
    """Open the table.

    Raises
    ------
    UserError
        If pyarrow is missing or cannot read it; further as `table_source`.
    """
    return table_source(spec, ParquetFile(spec.path))


class ParquetFile:
    """A Parquet file; see `TableFile`. Columns are read when asked for."""

    def __init__(self, path: str) -> None:
        try:
            import pyarrow.parquet
        except ImportError as error:
            raise UserError(
                f"'{path}' needs the package pyarrow.", "Install it: pip install 'graftwork[tables]'."
            ) from error
        self._path = path
        self._file = self._explained(lambda: pyarrow.parquet.ParquetFile(path))
        if not self._file.metadata.num_rows:
            raise UserError(f"'{path}' holds no rows.", "Check that it was written whole.")
        check_count(self._file.metadata.num_rows, f"'{path}'")
        schema = self._file.schema_arrow
        self.names: Sequence[str] = schema.names
        self.numeric = {field.name for field in schema if _is_number(str(field.type))}
        self.almost: Mapping[str, tuple[int, str]] = {}

    def _explained(self, read: Callable[[], Any]) -> Any:
        """Return what is read; the library's errors become one sentence."""
        from pyarrow import ArrowException

        try:
            return read()
        except (OSError, MemoryError, ArrowException) as error:
            problem = f"'{self._path}' is not a Parquet file that can be read."
            raise UserError(problem, "Check that it was copied whole.") from error

    def column(self, name: str) -> NDArray[Any]:
        """Return one column, (rows,): float64 where it is numeric, else text."""
        values = self._explained(lambda: self._file.read([name])).column(0)
        if name in self.numeric:
            return np.asarray(values.to_numpy(), np.float64)
        return np.array(["" if value is None else str(value) for value in values.to_pylist()], object)

    def numbers(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Return numeric columns, (rows, columns)."""
        table = self._explained(lambda: self._file.read(list(names)))
        rows = np.empty((table.num_rows, len(names)), np.float32)
        for place, name in enumerate(names):
            rows[:, place] = single(table.column(name).to_numpy())
        return rows


def _is_number(kind: str) -> bool:
    return kind.startswith(("int", "uint", "float", "double", "halffloat", "bool"))
