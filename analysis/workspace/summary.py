"""A workspace in a few numbers."""

import sqlite3
from pathlib import Path
from typing import Any

from .files import ARRAYS, CHECKPOINTS, DATABASE

_COUNTED = (
    "recipes",
    "models",
    "operations",
    "datasets",
    "trials",
    "measures",
    "columns",
    "fits",
    "selections",
    "notes",
)


def summary(db: sqlite3.Connection, home: Path) -> dict[str, Any]:
    """Return what ``graftwork workspace info`` says, as JSON values."""
    return {
        "path": str(home),
        "version": db.execute("PRAGMA user_version").fetchone()[0],
        "rows": {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _COUNTED},
        "trials": dict(
            tuple(row) for row in db.execute("SELECT state, count(*) FROM trials GROUP BY state ORDER BY state")
        ),
        "bytes": {
            "database": (home / DATABASE).stat().st_size,
            **{folder: _bytes(home / folder) for folder in (ARRAYS, CHECKPOINTS)},
        },
    }


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
