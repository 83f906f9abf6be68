"""Reading records; every order is stable: models as they came, measures as their trial gave them."""

import json
import math
import sqlite3
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import UserError
from ..trials import DataSpec, Trial
from .doubts import doubts
from .files import ARRAYS, CHECKPOINTS
from .learning import learnt_from
from .records import ColumnRecord, DataRecord, ModelRecord, Parent, RunRecord, TrialRecord, TrialState, ValueRecord

_MODELS = """
SELECT m.*, o.method, o.parameters, o.refs, o.seed FROM models m LEFT JOIN operations o ON o.model = m.identity
ORDER BY m.number
"""
_REMARKS = """
SELECT t.model, t.spec, t.remarks, m.name, d.name AS data FROM trials t
    JOIN models m ON m.identity = t.model LEFT JOIN datasets d ON d.identity = t.data
WHERE t.state = 'done' AND t.remarks != '[]' ORDER BY t.finished, t.number
"""
_PARENTS = """
SELECT p.model, p.parent, m.name FROM parents p JOIN models m ON m.identity = p.parent ORDER BY p.model, p.position
"""
_TRIALS = """
SELECT t.*, m.name FROM trials t JOIN models m ON m.identity = t.model
WHERE (:state IS NULL OR t.state = :state)
  AND (:run IS NULL OR t.identity IN (SELECT trial FROM run_trials WHERE run = :run))
ORDER BY t.number
"""
# Two trials may measure the same (one recipe asks for more than another did): the later result stands. What no data
# went into is the same whatever the trial's data.
_VALUES = """
SELECT * FROM (
    SELECT m.number AS model_number, m.identity, m.name, o.method, o.parameters, coalesce(o.seed, t.seed) AS seed,
        t.seed AS measure_seed, t.overlap, t.remarks, t.data AS data_identity, d.number AS data_number,
        d.name AS data, v.*,
        row_number() OVER (
            PARTITION BY t.model, iif(v.dataless, NULL, t.data), t.seed, v.measure
            ORDER BY t.finished DESC, t.number DESC
        ) AS age
    FROM measures v JOIN trials t ON t.identity = v.trial JOIN models m ON m.identity = t.model
        LEFT JOIN datasets d ON d.identity = t.data LEFT JOIN operations o ON o.model = m.identity
    WHERE t.state = 'done'
) WHERE age = 1 ORDER BY model_number, data_number, seed, trial, position
"""


def models(db: sqlite3.Connection, home: Path) -> list[ModelRecord]:
    """Return every model of the lineage, in the order in which the workspace heard of them."""
    parents, aliases, doubtful, remarks = _parents(db), _aliases(db), doubts(db), _remarks(db)
    return [
        ModelRecord(
            identity=row["identity"],
            name=row["name"],
            aliases=tuple(aliases[row["identity"]]),
            kind=row["kind"],
            path=_checkpoint(home, row),
            method=row["method"],
            parameters=_parameters(row),
            parents=tuple(parents[row["identity"]]),
            references=json.loads(row["refs"] or "{}"),
            seed=row["seed"],
            facts=_with_remarks(json.loads(row["facts"]), remarks[row["identity"]]),
            created=row["created"],
            doubt=doubtful.get(row["identity"], ""),
        )
        for row in db.execute(_MODELS)
    ]


def trials(db: sqlite3.Connection, state: str | None, run: int | None) -> list[TrialRecord]:
    """Return the trials, of one state and of one run where these are given."""
    return [
        TrialRecord(
            identity=row["identity"],
            model=row["name"],
            spec=_spec(row["spec"]),
            state=row["state"],
            problem=row["problem"],
            next_step=row["next_step"],
            seconds=row["seconds"],
            run=row["run"],
            attempts=row["attempts"],
        )
        for row in db.execute(_TRIALS, {"state": state, "run": run})
    ]


def tally(db: sqlite3.Connection) -> dict[TrialState, int]:
    """Return how many trials there are of each state."""
    return {
        row["state"]: row["count"] for row in db.execute("SELECT state, count(*) AS count FROM trials GROUP BY state")
    }


def values(db: sqlite3.Connection) -> list[ValueRecord]:
    """Return every number of the trials that are done."""
    parents = {model: tuple(p.name for p in found) for model, found in _parents(db).items()}
    learnt = learnt_from(db)
    done = db.execute("SELECT identity, spec FROM trials WHERE state = 'done'")
    specs = {row["identity"]: _spec(row["spec"]) for row in done}
    return [
        ValueRecord(
            model=row["name"],
            parents=parents.get(row["identity"], ()),
            operation=row["method"],
            params=_parameters(row),
            seed=row["seed"],
            measure_seed=row["measure_seed"],
            data=None if row["dataless"] else row["data"],
            measure=row["measure"],
            # SQLite keeps nan as NULL.
            value=math.nan if row["value"] is None else row["value"],
            low=row["low"],
            high=row["high"],
            unit=row["unit"],
            weight=row["weight"],
            overlap=None if row["dataless"] else _overlap(row, learnt),
            remarks=() if row["dataless"] else _said(row, specs[row["trial"]]),
            version=specs[row["trial"]].version_of(row["measure"]),
        )
        for row in db.execute(_VALUES)
    ]


def columns(db: sqlite3.Connection, home: Path) -> list[ColumnRecord]:
    """Return where every per-sample column lies."""
    rows = db.execute(
        "SELECT c.* FROM columns c JOIN models m ON m.identity = c.model JOIN datasets d ON d.identity = c.data"
        " ORDER BY m.number, d.number, c.name"
    )
    return [
        ColumnRecord(model=row["model"], data=row["data"], name=row["name"], path=home / ARRAYS / row["file"])
        for row in rows
    ]


def datasets(db: sqlite3.Connection) -> list[DataRecord]:
    """Return every data set, in the order in which the workspace heard of them."""
    return [
        DataRecord(
            identity=row["identity"],
            name=row["name"],
            spec=DataSpec.model_validate_json(row["spec"]),
            classes=json.loads(row["classes"]),
        )
        for row in db.execute("SELECT * FROM datasets ORDER BY number")
    ]


def runs(db: sqlite3.Connection) -> list[RunRecord]:
    """Return every run, the oldest first."""
    return [
        RunRecord(run=row["run"], title=row["title"], recipe=row["toml"], created=row["created"])
        for row in db.execute("SELECT * FROM recipes ORDER BY run")
    ]


def _overlap(row: sqlite3.Row, learnt: dict[str, frozenset[str]]) -> float | None:
    """Return the overlap that the worker found; of trials from before it looked, what the lineage tells."""
    whole = row["data_identity"] in learnt.get(row["identity"], ())
    return 1.0 if row["overlap"] is None and whole else row["overlap"]


def _remarks(db: sqlite3.Connection) -> defaultdict[str, list[str]]:
    """Return what is to be known of each model's numbers on every data set."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in db.execute(_REMARKS):
        found[row["model"]] += _said(row, _spec(row["spec"]))
    return found


def _said(row: sqlite3.Row, spec: Trial) -> tuple[str, ...]:
    """Return a trial's remarks, which name model and data as the recipe does; other names come before them."""
    named = [(row["name"], spec.model.name), *([(row["data"], spec.data.name)] if spec.data else [])]
    other = " on ".join(own for own, _ in named) if any(own != called for own, called in named) else ""
    return tuple(f"{other}: {remark}" if other else remark for remark in json.loads(row["remarks"]))


def _with_remarks(facts: dict[str, Any], remarks: list[str]) -> dict[str, Any]:
    """Return a model's facts with its trials' remarks; they were among the facts until trials had their own."""
    every = list(dict.fromkeys((*facts.get("remarks", ()), *remarks)))
    return facts | ({"remarks": every} if every else {})


@lru_cache(maxsize=10_000)
def _spec(text: str) -> Trial:
    """Return the trial that was written down so; trials never change, and reading one costs more than its row."""
    try:
        return Trial.model_validate_json(text)
    except ValidationError as error:
        raise UserError(
            "A trial in the workspace was written by another version of Graftwork.", "Update Graftwork to open it."
        ) from error


def _parents(db: sqlite3.Connection) -> defaultdict[str, list[Parent]]:
    parents: defaultdict[str, list[Parent]] = defaultdict(list)
    for row in db.execute(_PARENTS):
        parents[row["model"]].append(Parent(name=row["name"], identity=row["parent"]))
    return parents


def _aliases(db: sqlite3.Connection) -> defaultdict[str, list[str]]:
    aliases: defaultdict[str, list[str]] = defaultdict(list)
    for row in db.execute("SELECT name, model FROM aliases ORDER BY rowid"):
        aliases[row["model"]].append(row["name"])
    return aliases


def _checkpoint(home: Path, row: sqlite3.Row) -> Path | None:
    if row["file"] is None:
        return None
    return Path(row["file"]) if row["kind"] == "source" else home / CHECKPOINTS / row["file"]


def _parameters(row: sqlite3.Row) -> dict[str, Any]:
    parameters: dict[str, Any] = json.loads(row["parameters"] or "{}")
    return parameters
