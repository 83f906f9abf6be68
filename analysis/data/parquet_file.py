"""Parquet files by their columns, read by pyarrow where it is installed."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from .samples import check_count, single

_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"II*\0", b"MM\0*", b"GIF8")
"""How image files begin."""
_BINARY = ("binary", "large_binary")
_LOOKED_AT = 64  # rows


class ParquetFile:
    """A Parquet file; see `TableFile`. Columns are read when asked for."""

    def __init__(self, path: str) -> None:
        try:
            import pyarrow.parquet
        except ImportError as error:
            raise UserError(
                f"'{path}' needs the package pyarrow.", "Install it: pip install 'graftwork[tables]'."
            ) from error
        self.path = path
        self._file = self._explained(lambda: pyarrow.parquet.ParquetFile(path))
        if not self._file.metadata.num_rows:
            raise UserError(f"'{path}' holds no rows.", "Check that it was written whole.")
        check_count(self._file.metadata.num_rows, f"'{path}'")
        schema = self._file.schema_arrow
        self.rows: int = self._file.metadata.num_rows
        self.names: Sequence[str] = schema.names
        self.numeric = {field.name for field in schema if _is_number(str(field.type))}
        self.almost: Mapping[str, tuple[int, str]] = {}

    def image_columns(self, names: Sequence[str]) -> list[str]:
        """Return the columns that hold image files: bytes beside a path, or bytes that begin as one."""
        kinds = {field.name: str(field.type) for field in self._file.schema_arrow if field.name in names}
        return [
            name
            for name, kind in kinds.items()
            if _is_image(kind) or (kind in _BINARY and self._first(name).startswith(_IMAGES))
        ]

    def _first(self, name: str) -> bytes:
        batches = self._explained(lambda: next(self._file.iter_batches(_LOOKED_AT, columns=[name])))
        return next((cell for cell in batches.column(0).to_pylist() if cell), b"")

    def ends(self) -> list[int]:
        """Return after how many rows each of the file's groups of rows ends."""
        counts = (self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups))
        return list(itertools.accumulate(counts))

    def group(self, group: int, name: str) -> Any:
        """Return a column in one group of rows, as pyarrow has it."""
        return self._explained(lambda: self._file.read_row_group(group, [name])).column(0)

    def _explained(self, read: Callable[[], Any]) -> Any:
        """Return what is read; the library's errors become one sentence."""
        from pyarrow import ArrowException

        try:
            return read()
        except (OSError, MemoryError, ArrowException) as error:
            problem = f"'{self.path}' is not a Parquet file that can be read."
            raise UserError(problem, "Check that it was copied whole.") from error

    def column(self, name: str) -> NDArray[Any]:
        """Return one column, (rows,): float64 where it is numeric, else text."""
        values = self._explained(lambda: self._file.read([name])).column(0)
        if name in self.numeric:
            return np.asarray(values.to_numpy(), np.float64)
        return np.array(["" if value is None else str(value) for value in values.to_pylist()], object)

    def class_names(self, name: str) -> Sequence[str]:
        """Return what the library datasets kept of the classes that a column counts; none where it wrote nothing."""
        try:
            told = json.loads((self._file.schema_arrow.metadata or {})[b"huggingface"])
            names = told["info"]["features"][name]["names"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return ()
        return tuple(map(str, names)) if isinstance(names, list) else ()

    def numbers(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Return numeric columns, (rows, columns)."""
        table = self._explained(lambda: self._file.read(list(names)))
        rows = np.empty((table.num_rows, len(names)), np.float32)
        for place, name in enumerate(names):
            rows[:, place] = single(table.column(name).to_numpy())
        return rows


def _is_image(kind: str) -> bool:
    """Return whether a column is of images as the library datasets writes them."""
    return kind.startswith("struct<") and "bytes: " in kind and "path: " in kind


def _is_number(kind: str) -> bool:
    return kind.startswith(("int", "uint", "float", "double", "halffloat", "bool", "decimal"))
