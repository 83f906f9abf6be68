"""What a person keeps beside the results: notes, named selections, layouts."""

import json
import sqlite3
from typing import Any

from ..errors import UserError
from ..selection import Selection
from .records import SelectionRecord

_SELECTED = "SELECT * FROM selections WHERE name = ? AND data = ?"


def note(db: sqlite3.Connection, model: str) -> str:
    """Return the note on a model, empty where there is none."""
    row = db.execute("SELECT text FROM notes WHERE model = ?", (model,)).fetchone()
    return str(row["text"]) if row else ""


def set_note(db: sqlite3.Connection, model: str, text: str) -> None:
    """Keep a note on a model; an empty one removes it.

    Raises
    ------
    UserError
        If the workspace holds no such model.
    """
    _require(db, "models", "model", model)
    db.execute("DELETE FROM notes WHERE model = ?", (model,))
    if text:
        db.execute("INSERT INTO notes VALUES (?, ?)", (model, text))


def save_selection(db: sqlite3.Connection, name: str, data: str, selection: Selection) -> None:
    """Keep a selection over a data set under a name, in place of the one that had it.

    Raises
    ------
    UserError
        If the name is blank, or the workspace holds no such data set.
    """
    _require_name(name)
    _require(db, "datasets", "data set", data)
    marks = [json.dumps(sorted(names)) for names in (selection.classes, selection.layers, selection.models)]
    db.execute(
        "INSERT OR REPLACE INTO selections VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (name, data, selection.size, selection.count, selection.bits, *marks),
    )


def load_selection(db: sqlite3.Connection, name: str, data: str) -> Selection:
    """Return a named selection over a data set.

    Raises
    ------
    UserError
        If there is none.
    """
    row = db.execute(_SELECTED, (name, data)).fetchone()
    if row is None:
        raise _no("selection", name)
    classes, layers, models = (frozenset(json.loads(row[field])) for field in ("classes", "layers", "models"))
    return Selection(row["size"], row["bits"], classes, layers, models)


def selections(db: sqlite3.Connection) -> list[SelectionRecord]:
    """Return the named selections, by name."""
    rows = db.execute("SELECT name, data, count, size FROM selections ORDER BY name, data")
    return [SelectionRecord(**dict(row)) for row in rows]


def rename_selection(db: sqlite3.Connection, old: str, new: str, data: str) -> None:
    """Give a selection over a data set another name.

    Raises
    ------
    UserError
        If there is none, or the new name is blank or taken.
    """
    _require_name(new)
    if old != new and db.execute(_SELECTED, (new, data)).fetchone():
        raise UserError(f"There is a selection named {new!r} already.", "Choose another name, or delete that one.")
    if not db.execute("UPDATE selections SET name = ? WHERE name = ? AND data = ?", (new, old, data)).rowcount:
        raise _no("selection", old)


def delete_selection(db: sqlite3.Connection, name: str, data: str) -> None:
    """Forget a selection over a data set; one that is not there is no error."""
    db.execute("DELETE FROM selections WHERE name = ? AND data = ?", (name, data))


def save_layout(db: sqlite3.Connection, name: str, layout: dict[str, Any]) -> None:
    """Keep a layout, JSON values alone, under a name, in place of the one that had it."""
    _require_name(name)
    db.execute("INSERT OR REPLACE INTO layouts VALUES (?, ?)", (name, json.dumps(layout, allow_nan=False)))


def load_layout(db: sqlite3.Connection, name: str) -> dict[str, Any]:
    """Return a layout.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    row = db.execute("SELECT layout FROM layouts WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise _no("layout", name)
    layout: dict[str, Any] = json.loads(row["layout"])
    return layout


def layouts(db: sqlite3.Connection) -> list[str]:
    """Return the layouts' names, sorted."""
    return [row["name"] for row in db.execute("SELECT name FROM layouts ORDER BY name")]


def _require(db: sqlite3.Connection, table: str, what: str, identity: str) -> None:
    if db.execute(f"SELECT 1 FROM {table} WHERE identity = ?", (identity,)).fetchone() is None:
        raise _no(what, identity)


def _require_name(name: str) -> None:
    if not name.strip():
        raise UserError("The name is blank.", "Give it a name.")


def _no(what: str, name: str) -> UserError:
    return UserError(f"This workspace holds no {what} {name!r}.", f"Choose a {what} that it lists.")
