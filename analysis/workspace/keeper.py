"""The part of a workspace that a person writes in, and the ground that all of it stands on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psygnal import Signal

from ..selection import Selection
from . import keeping
from .database import Database
from .records import SelectionRecord


class Access:
    """A database, and word of what is written to it."""

    changed = Signal(frozenset)

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def read_only(self) -> bool:
        """Whether this is a view that cannot write."""
        return self._database.read_only

    @contextmanager
    def _write(self, *tables: str, durable: bool = True) -> Iterator[sqlite3.Connection]:
        with self._database.write(durable=durable) as db:
            yield db
        self.changed.emit(frozenset(tables))


class Keeping(Access):
    """Notes, named selections and layouts."""

    def note(self, model: str) -> str:
        """Return the note on a model, empty where there is none."""
        with self._database.read() as db:
            return keeping.note(db, model)

    def set_note(self, model: str, text: str) -> None:
        """Keep a note on a model; an empty one removes it."""
        with self._write("notes") as db:
            keeping.set_note(db, model, text)

    def selections(self) -> list[SelectionRecord]:
        """Return the named selections, by name."""
        with self._database.read() as db:
            return keeping.selections(db)

    def save_selection(self, name: str, data: str, selection: Selection) -> None:
        """Keep a selection over a data set under a name."""
        with self._write("selections") as db:
            keeping.save_selection(db, name, data, selection)

    def load_selection(self, name: str, data: str) -> Selection:
        """Return a named selection over a data set."""
        with self._database.read() as db:
            return keeping.load_selection(db, name, data)

    def rename_selection(self, old: str, new: str, data: str) -> None:
        """Give a named selection over a data set a new name that is not taken there."""
        with self._write("selections") as db:
            keeping.rename_selection(db, old, new, data)

    def delete_selection(self, name: str, data: str) -> None:
        """Forget a named selection over a data set."""
        with self._write("selections") as db:
            keeping.delete_selection(db, name, data)

    def layouts(self) -> list[str]:
        """Return the layouts' names, sorted."""
        with self._database.read() as db:
            return keeping.layouts(db)

    def save_layout(self, name: str, layout: dict[str, Any]) -> None:
        """Keep a layout, JSON values alone, under a name."""
        with self._write("layouts") as db:
            keeping.save_layout(db, name, layout)

    def load_layout(self, name: str) -> dict[str, Any]:
        """Return a layout by its name."""
        with self._database.read() as db:
            return keeping.load_layout(db, name)
