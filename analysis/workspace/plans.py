"""Writing a plan into the tables: its recipe, data sets, models, operations and trials."""

import json
import sqlite3
import time
from collections.abc import Callable

from ..trials import DataSpec, DerivedModel, ModelSpec, Plan, Trial
from .fitting import add_fit
from .values import keep_defaults


def unique_name(name: str, taken: Callable[[str], bool]) -> str:
    """Return the name, or where it is taken the first free of ``name #2``, ``name #3`` and so on."""
    candidate, number = name, 1
    while taken(candidate):
        number += 1
        candidate = f"{name} #{number}"
    return candidate


def add_plan(db: sqlite3.Connection, plan: Plan, recipe: str) -> int:
    """Write everything that the plan names, and return the number of its run.

    Raises
    ------
    ValueError
        If an operation's parent is neither in the plan nor in the workspace.
    """
    keep_defaults(db, plan.defaults)
    run = db.execute(
        "INSERT INTO recipes (title, toml, created) VALUES (?, ?, ?)", (plan.title, recipe, time.time())
    ).lastrowid
    assert run is not None
    add_trials(db, plan, run)
    return run


def add_trials(db: sqlite3.Connection, plan: Plan, run: int) -> None:
    """Write what a plan adds to a run: everything that it names, without the trials that the run has already.

    Raises
    ------
    ValueError
        If an operation's parent is neither in the plan nor in the workspace.
    """
    for trial in plan.trials:
        for data in trial.datasets:
            _add_data(db, data)
    _add_models(db, plan)
    known = {row["trial"] for row in db.execute("SELECT trial FROM run_trials WHERE run = ?", (run,))}
    new = [trial for trial in plan.trials if trial.identity not in known]
    for position, trial in enumerate(new, start=len(known)):
        _add_trial(db, trial, run, position)
    for fit in plan.fits:
        add_fit(db, fit, run)


def _add_data(db: sqlite3.Connection, data: DataSpec) -> None:
    name = _free_name(db, "datasets", data.identity, data.name)
    db.execute(
        "INSERT INTO datasets (identity, name, spec) VALUES (?, ?, ?)"
        " ON CONFLICT (identity) DO UPDATE SET spec = excluded.spec",  # the files may have moved
        (data.identity, name, data.model_dump_json()),
    )


def _add_models(db: sqlite3.Connection, plan: Plan) -> None:
    specs = {model.identity: model for trial in plan.trials for model in (*trial.inputs.values(), trial.model)}
    for model in specs.values():
        _add_model(db, model)
    for model in specs.values():
        if isinstance(model, DerivedModel):
            _add_operation(db, model)
    for name, identity in [*((model.name, model.identity) for model in specs.values()), *plan.aliases.items()]:
        _add_alias(db, name, identity)


def _add_alias(db: sqlite3.Connection, name: str, identity: str) -> None:
    """Keep a name that a recipe gives to a model which has another, unless it is some other model's."""
    if not _is_taken(db, "models", name) and not _is_taken(db, "aliases", name):
        db.execute("INSERT INTO aliases VALUES (?, ?)", (name, identity))


def _add_model(db: sqlite3.Connection, model: ModelSpec) -> None:
    name = _free_name(db, "models", model.identity, model.name)
    file = model.path if model.kind == "source" else None
    db.execute(
        "INSERT INTO models (identity, name, kind, file, created) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (identity) DO UPDATE SET file = coalesce(excluded.file, file)",
        (model.identity, name, model.kind, file, time.time()),
    )
    if model.kind == "source" and model.step is not None:
        db.execute(
            "UPDATE models SET facts = json_set(facts, '$.step', ?) WHERE identity = ?", (model.step, model.identity)
        )


def _add_operation(db: sqlite3.Connection, model: DerivedModel) -> None:
    missing = [parent for parent in model.parents if not _known(db, "models", parent)]
    if missing:
        raise ValueError(f"the plan makes {model.name} from models that it does not hold: {', '.join(missing)}")
    db.execute(
        "INSERT OR IGNORE INTO operations VALUES (?, ?, ?, ?, ?, ?)",
        (
            model.identity,
            model.method,
            model.version,
            json.dumps(model.parameters),
            json.dumps(model.references),
            model.seed,
        ),
    )
    db.executemany(
        "INSERT OR IGNORE INTO parents VALUES (?, ?, ?)",
        [(model.identity, position, parent) for position, parent in enumerate(model.parents)],
    )


def _add_trial(db: sqlite3.Connection, trial: Trial, run: int, position: int) -> None:
    db.execute(
        "INSERT INTO trials (identity, model, data, seed, spec, run, state) VALUES (?, ?, ?, ?, ?, ?, 'pending')"
        " ON CONFLICT (identity) DO UPDATE SET spec = excluded.spec, run = excluded.run",
        (
            trial.identity,
            trial.model.identity,
            trial.data.identity if trial.data else None,
            trial.seed,
            trial.model_dump_json(),
            run,
        ),
    )
    db.execute(
        "UPDATE trials SET state = 'pending', problem = '', next_step = ''"
        " WHERE identity = ? AND (state IN ('failed', 'cancelled')"
        " OR state = 'done' AND identity IN (SELECT trial FROM doubts WHERE reason = 'probed'))",
        (trial.identity,),
    )
    db.execute("INSERT INTO run_trials VALUES (?, ?, ?)", (run, position, trial.identity))


def _free_name(db: sqlite3.Connection, table: str, identity: str, name: str) -> str:
    def taken(candidate: str) -> bool:
        query = f"SELECT 1 FROM {table} WHERE name = ? AND identity != ?"
        own = db.execute(query, (candidate, identity)).fetchone() is not None
        return own or (table == "models" and _is_taken(db, "aliases", candidate))

    return unique_name(name, taken)


def _is_taken(db: sqlite3.Connection, table: str, name: str) -> bool:
    return db.execute(f"SELECT 1 FROM {table} WHERE name = ?", (name,)).fetchone() is not None


def _known(db: sqlite3.Connection, table: str, identity: str) -> bool:
    return db.execute(f"SELECT 1 FROM {table} WHERE identity = ?", (identity,)).fetchone() is not None
