"""Parquet tables, read by pyarrow where it is installed."""

import itertools
import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from .images import ImageSource
from .rows import Numbered
from .samples import check_count, single
from .scaling import Scaling
from .source import Source, has_suffix, refuse_split, source
from .tables import check_declared, further_columns, labelled_rows, table_source

_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"II*\0", b"MM\0*", b"GIF8")
"""How image files begin."""
_BINARY = ("binary", "large_binary")
_LOOKED_AT = 64  # rows


@source("a .parquet table", lambda path: has_suffix(path, ".parquet"))
def open_parquet(spec: DataSpec) -> Source:
    """Open the table: of images, where a column holds image files, else of numbers or text.

    Raises
    ------
    UserError
        If pyarrow is missing or cannot read it; further as `table_source` and `ImageSource`.
    """
    file = ParquetFile(spec.path)
    images = file.image_columns(spec.columns or file.names) if spec.text is None else []
    return parquet_images(spec, file, images) if images else table_source(spec, file)


def parquet_images(spec: DataSpec, file: "ParquetFile", columns: Sequence[str]) -> ImageSource:
    """Open the rows of a table as the images of one of its columns.

    Raises
    ------
    UserError
        If there are several such columns, or a declared one is not there; further as `ImageSource`.
    """
    refuse_split(spec.path, spec.split)
    check_declared(spec, file)
    if len(columns) > 1:
        raise UserError(
            f"'{spec.path}' holds images in {' and '.join(columns)}.", f'Say which: columns = ["{columns[0]}"].'
        )
    further = dict(further_columns(spec, file))
    labelled = labelled_rows(spec, file, file.rows)
    names, load = Numbered(file.rows), ImageColumn(file, columns[0])
    return ImageSource(spec.path, labelled, names, names, Scaling.of(spec), load, further=further)


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


class ImageColumn:
    """Image files in the cells of a column; gives the bytes of one by its row, from several threads.

    The group of rows that was read last is kept.
    """

    def __init__(self, file: ParquetFile, name: str) -> None:
        self._file, self._name = file, name
        self._ends = file.ends()
        self._lock = Lock()
        self._group: tuple[int, Any] = (-1, None)

    def __call__(self, row: int) -> bytes:
        """Return the bytes of a row's image.

        Raises
        ------
        UserError
            If it has none.
        """
        group = bisect_right(self._ends, row)
        with self._lock:
            if group != self._group[0]:
                self._group = group, self._file.group(group, self._name)
            cell = self._group[1][row - self._ends[group]].as_py()
        found = cell.get("bytes") if isinstance(cell, dict) else cell
        if not isinstance(found, bytes):
            raise UserError(
                f"Row {row + 1} of '{self._file.path}' has no image in '{self._name}'.",
                "Take it out, or store the image's bytes beside its path.",
            )
        return found


def _is_image(kind: str) -> bool:
    """Return whether a column is of images as the library datasets writes them."""
    return kind.startswith("struct<") and "bytes: " in kind and "path: " in kind


def _is_number(kind: str) -> bool:
    return kind.startswith(("int", "uint", "float", "double", "halffloat", "bool", "decimal"))
