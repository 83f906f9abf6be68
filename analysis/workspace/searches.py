"""Searches: which are under way, what they tried, and what they found; inside the caller's transaction."""

import json
import sqlite3
from pathlib import Path

from ...kernels.intervals import Interval
from ..trials import Answer, Proposal, Proposed, SearchSpec
from .plans import add_trials
from .records import SearchRecord

_SEARCHES = """
SELECT s.*, r.title, r.toml FROM searches s JOIN recipes r ON r.run = s.run
WHERE NOT :idle OR (NOT s.finished AND NOT EXISTS (
    SELECT 1 FROM run_trials rt JOIN trials t ON t.identity = rt.trial
    WHERE rt.run = s.run AND t.state IN ('pending', 'running')
))
ORDER BY s.run
"""
_RESULTS = """
SELECT v.trial, v.measure, v.value, v.low, v.high FROM measures v JOIN trials t ON t.identity = v.trial
    JOIN run_trials rt ON rt.trial = v.trial JOIN searches s ON s.run = rt.run
WHERE s.search = ? AND t.state = 'done' AND v.measure IN (SELECT value FROM json_each(s.measures))
"""


def open_search(db: sqlite3.Connection, run: int, spec: SearchSpec, folder: Path) -> None:
    """Begin a search with a run; one that was begun before goes on, and what failed of it is tried again."""
    earlier = db.execute("SELECT run FROM searches WHERE search = ?", (spec.identity,)).fetchone()
    if earlier:
        _take_along(db, earlier["run"], run)
    db.execute(
        "INSERT INTO searches (search, run, folder, measures, trials) VALUES (?, ?, ?, ?, ?) ON CONFLICT (search)"
        " DO UPDATE SET run = excluded.run, folder = excluded.folder, trials = excluded.trials, finished = 0",
        (spec.identity, run, str(folder), json.dumps(spec.measures), spec.trials),
    )


def add_proposal(db: sqlite3.Connection, search: str, proposal: Proposal) -> None:
    """Keep the points that a search tries next, their trials, and its answer so far."""
    run = db.execute("SELECT run FROM searches WHERE search = ?", (search,)).fetchone()["run"]
    if proposal.plan:
        add_trials(db, proposal.plan, run)
    number = db.execute("SELECT count(*) FROM proposals WHERE search = ?", (search,)).fetchone()[0]
    db.executemany(
        "INSERT INTO proposals VALUES (?, ?, ?, ?)",
        [
            (search, number + place, json.dumps(proposed.point), json.dumps(proposed.trials))
            for place, proposed in enumerate(proposal.points)
        ],
    )
    db.execute(
        "UPDATE searches SET answer = ?, finished = ? WHERE search = ?",
        (proposal.answer.model_dump_json(), proposal.finished, search),
    )


def searches(db: sqlite3.Connection, *, idle: bool = False) -> list[SearchRecord]:
    """Return the searches by their latest run; where ``idle`` only those that wait for points to try."""
    return [
        SearchRecord(
            search=row["search"],
            run=row["run"],
            title=row["title"],
            recipe=row["toml"],
            folder=Path(row["folder"]),
            trials=row["trials"],
            answer=Answer.model_validate_json(row["answer"]) if row["answer"] else None,
            finished=bool(row["finished"]),
        )
        for row in db.execute(_SEARCHES, {"idle": idle})
    ]


def proposals(db: sqlite3.Connection, search: str) -> list[Proposed]:
    """Return the points that a search has tried, the first first."""
    rows = db.execute("SELECT * FROM proposals WHERE search = ? ORDER BY number", (search,))
    return [
        Proposed(point=json.loads(row["point"]), trials=trials, models=_models(db, trials))
        for row in rows
        for trials in [tuple(json.loads(row["trials"]))]
    ]


def results(db: sqlite3.Connection, search: str) -> dict[str, dict[str, float | None]]:
    """Return what a search goes by: the values of its trials that are done, by trial and measure; None for nan."""
    found: dict[str, dict[str, float | None]] = {}
    for row in db.execute(_RESULTS, (search,)):
        found.setdefault(row["trial"], {})[row["measure"]] = row["value"]
    return found


def intervals(db: sqlite3.Connection, search: str) -> dict[str, dict[str, Interval]]:
    """Return those of the `results` that have an interval, with it."""
    found: dict[str, dict[str, Interval]] = {}
    for row in db.execute(_RESULTS, (search,)):
        if None not in (row["value"], row["low"], row["high"]):
            found.setdefault(row["trial"], {})[row["measure"]] = Interval(row["value"], row["low"], row["high"])
    return found


def _models(db: sqlite3.Connection, trials: tuple[str, ...]) -> tuple[str, ...]:
    query = "SELECT m.name FROM trials t JOIN models m ON m.identity = t.model WHERE t.identity = ?"
    return tuple(db.execute(query, (trial,)).fetchone()["name"] for trial in trials)


def _take_along(db: sqlite3.Connection, earlier: int, run: int) -> None:
    db.execute(
        "INSERT INTO run_trials SELECT ?1, (SELECT count(*) FROM run_trials WHERE run = ?1) + row_number() OVER"
        " (ORDER BY position) - 1, trial FROM run_trials"
        " WHERE run = ?2 AND trial NOT IN (SELECT trial FROM run_trials WHERE run = ?1)",
        (run, earlier),
    )
    db.execute(
        "UPDATE trials SET run = ?1 WHERE identity IN (SELECT trial FROM run_trials WHERE run = ?1)",
        (run,),
    )
    db.execute(
        "UPDATE trials SET state = 'pending', problem = '', next_step = '' WHERE run = ?"
        " AND state IN ('failed', 'cancelled')",
        (run,),
    )
