"""Reading records; every order is stable: models as they came, measures as their trial gave them."""

import json
import sqlite3
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import UserError
from ..trials import DataSpec, Trial
from .doubts import doubts
from .files import CHECKPOINTS
from .records import DataRecord, ModelRecord, Parent, RunRecord, TrialRecord, TrialState

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


def models(db: sqlite3.Connection, home: Path) -> list[ModelRecord]:
    """Return every model of the lineage, in the order in which the workspace heard of them."""
    parents, aliases, doubtful, remarks = parents_of(db), _aliases(db), doubts(db), _remarks(db)
    return [
        ModelRecord(
            identity=row["identity"],
            name=row["name"],
            aliases=tuple(aliases[row["identity"]]),
            kind=row["kind"],
            path=_checkpoint(home, row),
            method=row["method"],
            parameters=operation_parameters(row),
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
            spec=trial_spec(row["spec"]),
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


def _remarks(db: sqlite3.Connection) -> defaultdict[str, list[str]]:
    """Return what is to be known of each model's numbers on every data set."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in db.execute(_REMARKS):
        found[row["model"]] += remarks_in(row, trial_spec(row["spec"]))
    return found


def remarks_in(row: sqlite3.Row, spec: Trial) -> tuple[str, ...]:
    """Return a trial's remarks, which name model and data as the recipe does; other names come before them."""
    named = [(row["name"], spec.model.name), *([(row["data"], spec.data.name)] if spec.data else [])]
    other = " on ".join(own for own, _ in named) if any(own != called for own, called in named) else ""
    return tuple(f"{other}: {remark}" if other else remark for remark in json.loads(row["remarks"]))


def _with_remarks(facts: dict[str, Any], remarks: list[str]) -> dict[str, Any]:
    """Return a model's facts with its trials' remarks; they were among the facts until trials had their own."""
    every = list(dict.fromkeys((*facts.get("remarks", ()), *remarks)))
    return facts | ({"remarks": every} if every else {})


@lru_cache(maxsize=10_000)
def trial_spec(text: str) -> Trial:
    """Return the trial that was written down so; trials never change, and reading one costs more than its row."""
    try:
        return Trial.model_validate_json(text)
    except ValidationError as error:
        raise UserError(
            "A trial in the workspace was written by another version of Graftwork.", "Update Graftwork to open it."
        ) from error


def parents_of(db: sqlite3.Connection) -> defaultdict[str, list[Parent]]:
    """Return the parents of each derived model, by identity, in the operation's order."""
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


def operation_parameters(row: sqlite3.Row) -> dict[str, Any]:
    """Return the parameters of the operation that made a model; none where it is a source."""
    parameters: dict[str, Any] = json.loads(row["parameters"] or "{}")
    return parameters
