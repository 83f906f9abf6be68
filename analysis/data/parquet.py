"""Parquet tables: of numbers, of text, or of image files."""

from bisect import bisect_right
from collections.abc import Sequence
from threading import Lock
from typing import Any

from ..errors import UserError
from ..trials import DataSpec
from .images import ImageSource
from .parquet_file import ParquetFile
from .rows import Numbered
from .scaling import Scaling
from .source import Source, has_suffix, refuse_split, source
from .tables import check_declared, further_columns, labelled_rows, table_source


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


def parquet_images(spec: DataSpec, file: ParquetFile, columns: Sequence[str]) -> ImageSource:
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
