"""What happens to a trial after it is planned; every function runs inside the caller's transaction."""

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..trials import Pass, TrialResult, Value
from .files import ARRAYS, CHECKPOINTS, bare


def begin(db: sqlite3.Connection, trial: str) -> None:
    """Mark a pending trial as running.

    Raises
    ------
    UserError
        If it is not pending.
    """
    changed = db.execute(
        "UPDATE trials SET state = 'running', attempts = attempts + 1 WHERE identity = ? AND state = 'pending'",
        (trial,),
    ).rowcount
    if not changed:
        state = _row(db, trial)["state"]
        raise UserError(f"The trial {trial} cannot begin: it is {state}.", "Retry it first if it failed.")


def release(db: sqlite3.Connection, trial: str) -> None:
    """Put a running trial back on the list."""
    db.execute("UPDATE trials SET state = 'pending' WHERE identity = ? AND state = 'running'", (trial,))


def fail(db: sqlite3.Connection, trial: str, problem: str, next_step: str) -> None:
    """Mark a trial that is not done as failed, and say why."""
    _row(db, trial)
    db.execute(
        "UPDATE trials SET state = 'failed', problem = ?, next_step = ? WHERE identity = ? AND state != 'done'",
        (problem, next_step, trial),
    )


def cancel(db: sqlite3.Connection, trial: str) -> None:
    """Take a pending or running trial off the list."""
    _row(db, trial)
    db.execute("UPDATE trials SET state = 'cancelled' WHERE identity = ? AND state IN ('pending', 'running')", (trial,))


def retry(db: sqlite3.Connection, trial: str) -> None:
    """Put a failed or cancelled trial back on the list."""
    _row(db, trial)
    db.execute(
        "UPDATE trials SET state = 'pending', problem = '', next_step = ''"
        " WHERE identity = ? AND state IN ('failed', 'cancelled')",
        (trial,),
    )


def reset_running(db: sqlite3.Connection) -> int:
    """Put the trials that a lost process left running back on the list, and return how many there were."""
    return db.execute("UPDATE trials SET state = 'pending' WHERE state = 'running'").rowcount


def finish(db: sqlite3.Connection, home: Path, result: TrialResult) -> None:
    """Record all that a trial gave; a result that comes again replaces the first.

    Raises
    ------
    UserError
        If a file that the result names is not in the workspace.
    ValueError
        If a column belongs to no data set, or a file name leads out of its folder.
    """
    row = _row(db, result.trial)
    _require_files(home, result)
    if result.columns and row["data"] is None:
        raise ValueError("a trial without data cannot have per-sample columns")
    db.execute(
        "UPDATE trials SET state = 'done', problem = '', next_step = '', seconds = ?, finished = ?, overlap = ?,"
        " remarks = ? WHERE identity = ?",
        (result.seconds, time.time(), result.overlap, json.dumps(result.facts.get("remarks", ())), result.trial),
    )
    db.execute("DELETE FROM doubts WHERE trial = ? AND reason = 'probed'", (result.trial,))
    facts = {name: fact for name, fact in result.facts.items() if name != "remarks"}  # they are the trial's own
    facts |= _twin(db, row["model"], row["data"], result.passed)
    _record_model(db, row["model"], facts, result.checkpoint)
    if "class_names" in facts:
        classes = json.dumps(facts["class_names"])
        db.execute("UPDATE datasets SET classes = ? WHERE identity = ?", (classes, row["data"]))
    _record_values(db, result)
    _record_columns(db, row, result)


def _record_model(db: sqlite3.Connection, model: str, facts: dict[str, Any], checkpoint: str | None) -> None:
    known = json.loads(db.execute("SELECT facts FROM models WHERE identity = ?", (model,)).fetchone()["facts"])
    db.execute("UPDATE models SET facts = ? WHERE identity = ?", (json.dumps(known | facts), model))
    if checkpoint is not None:
        db.execute("UPDATE models SET file = ? WHERE identity = ? AND kind = 'derived'", (checkpoint, model))


def _twin(db: sqlite3.Connection, model: str, data: str, passed: Pass | None) -> dict[str, Any]:
    """Keep what a model computes, and return as a fact which other model computed the same before it."""
    if passed is None:
        return {}
    db.execute("INSERT OR IGNORE INTO functions VALUES (?, ?, ?, ?)", (passed.function, data, passed.file, model))
    first = db.execute(
        "SELECT m.identity, m.name FROM functions f JOIN models m ON m.identity = f.model"
        " WHERE f.function = ? AND f.data = ?",
        (passed.function, data),
    ).fetchone()
    return {} if first["identity"] == model else {"computes_the_same_as": first["name"]}


def _record_values(db: sqlite3.Connection, result: TrialResult) -> None:
    db.execute("DELETE FROM measures WHERE trial = ?", (result.trial,))
    db.executemany(
        "INSERT INTO measures (trial, position, measure, value, low, high, unit, dataless, compared, weight)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (result.trial, place, *_numbers(v), v.measure in result.dataless, v.measure in result.compared, v.weight)
            for place, v in enumerate(result.values)
        ],
    )


def _numbers(value: Value) -> tuple[str, float, float | None, float | None, str]:
    return value.measure, value.value, value.low, value.high, value.unit


def _record_columns(db: sqlite3.Connection, row: sqlite3.Row, result: TrialResult) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO columns (model, data, name, file, trial, compared) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (row["model"], row["data"], name, file, result.trial, name in result.compared)
            for name, file in result.columns.items()
        ],
    )


def _require_files(home: Path, result: TrialResult) -> None:
    files = [home / ARRAYS / bare(name) for name in result.columns.values()]
    if result.checkpoint is not None:
        files.append(home / CHECKPOINTS / bare(result.checkpoint))
    for file in files:
        if not file.is_file():
            raise UserError(f"The trial {result.trial} left no file {file}.", "Run it again.")


def _row(db: sqlite3.Connection, trial: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute("SELECT * FROM trials WHERE identity = ?", (trial,)).fetchone()
    if row is None:
        raise UserError(f"This workspace holds no trial {trial}.", "Add its plan first.")
    return row
