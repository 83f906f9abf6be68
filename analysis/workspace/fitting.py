"""Fits in the tables: asked for by a plan, recorded with the identity of what they were computed from."""

import json
import math
import sqlite3

from pydantic import TypeAdapter

from ..trials import FitResult, FitSpec, FittedCurve, Value
from .records import FitRecord

_CURVES = TypeAdapter(tuple[FittedCurve, ...])


def add_fit(db: sqlite3.Connection, spec: FitSpec, run: int) -> None:
    """Keep what is asked; what was computed already stays, and what could not be done is tried again."""
    db.execute(
        "INSERT INTO fits (identity, spec, run) VALUES (?, ?, ?)"
        " ON CONFLICT (identity) DO UPDATE SET spec = excluded.spec, run = excluded.run,"
        " inputs = CASE problem WHEN '' THEN inputs END",
        (spec.identity, spec.model_dump_json(), run),
    )


def fits(db: sqlite3.Connection) -> list[FitRecord]:
    """Return every fit, in the order in which they were first asked for."""
    return [
        FitRecord(
            spec=FitSpec.model_validate_json(row["spec"]),
            run=row["run"],
            inputs=row["inputs"],
            problem=row["problem"],
            next_step=row["next_step"],
            result=FitResult(
                values=_values(db, row["identity"]),
                remarks=json.loads(row["remarks"]),
                curves=_CURVES.validate_json(row["curves"]),
            ),
        )
        for row in db.execute("SELECT * FROM fits ORDER BY number").fetchall()
    ]


def finish(
    db: sqlite3.Connection, fit: str, inputs: str, result: FitResult, problem: str = "", next_step: str = ""
) -> None:
    """Record what came of a fit of these inputs, in place of what came of others."""
    db.execute(
        "UPDATE fits SET inputs = ?, problem = ?, next_step = ?, remarks = ?, curves = ? WHERE identity = ?",
        (inputs, problem, next_step, json.dumps(result.remarks), _CURVES.dump_json(result.curves).decode(), fit),
    )
    db.execute("DELETE FROM fit_values WHERE fit = ?", (fit,))
    db.executemany(
        "INSERT INTO fit_values VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(fit, place, v.measure, v.value, v.low, v.high, v.unit) for place, v in enumerate(result.values)],
    )


def _values(db: sqlite3.Connection, fit: str) -> tuple[Value, ...]:
    rows = db.execute("SELECT * FROM fit_values WHERE fit = ? ORDER BY position", (fit,))
    return tuple(
        Value(
            measure=row["measure"],
            value=math.nan if row["value"] is None else row["value"],  # SQLite keeps nan as NULL
            low=row["low"],
            high=row["high"],
            unit=row["unit"],
        )
        for row in rows
    )
