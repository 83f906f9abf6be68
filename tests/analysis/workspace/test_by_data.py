"""Values belong to a model, a data set and a seed; what no data went into, to all data sets."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from graftwork.analysis.measured import rows_of
from graftwork.analysis.trials import Plan, Trial, TrialResult, Value
from graftwork.analysis.workspace import ValueRecord, Workspace, schema

from .conftest import ACCURACY, BEFORE_NAMES, DATA, A, B, run, trial

OTHER = DATA.replaced(name="train", content="e" * 32)
NEWER = {"measures": ("dataless",), "trials": ("overlap", "remarks"), "datasets": ("classes",)}


def measured(space: Workspace, spec: Trial, values: dict[str, float], **result: Any) -> None:
    space.add_plan(Plan(title="one", trials=(spec,)), "")
    found = tuple(Value(measure=name, value=number) for name, number in values.items())
    plain: dict[str, Any] = {"columns": {}, "checkpoint": None, "facts": {}, "seconds": 1.0}
    space.finish(TrialResult(trial=spec.identity, values=found, **{**plain, **result}))


def on(data: Any, seed: int = 0) -> Trial:
    return Trial(model=A, data=data, measures=(ACCURACY,), seed=seed)


def keys(space: Workspace) -> set[tuple[str | None, int, str, float]]:
    return {(v.data, v.measure_seed, v.measure, v.value) for v in space.values()}


def test_no_value_of_one_data_set_or_seed_stands_in_for_another(workspace: Workspace) -> None:
    cost = {"dataless": frozenset({"cost"})}
    measured(workspace, on(DATA), {"accuracy": 0.5, "cost": 7.0}, **cost)
    measured(workspace, on(OTHER), {"accuracy": 0.9, "cost": 7.0}, **cost)
    measured(workspace, on(DATA, 3), {"accuracy": 0.6}, **cost)
    assert keys(workspace) == {
        ("test", 0, "accuracy", 0.5),
        ("train", 0, "accuracy", 0.9),
        ("test", 3, "accuracy", 0.6),
        (None, 0, "cost", 7.0),
    }


def test_classes_are_a_data_sets_own(workspace: Workspace) -> None:
    for data, names in ((DATA, ["cat", "dog"]), (OTHER, ["owl"])):
        measured(workspace, on(data), {"accuracy": 0.5}, facts={"class_names": names})
    assert {d.name: d.classes for d in workspace.datasets()} == {"test": ("cat", "dog"), "train": ("owl",)}


def test_remarks_on_one_data_set_stay_beside_those_on_another(workspace: Workspace) -> None:
    for data, said in ((DATA, ["of test"]), (OTHER, ["of train", "of test"]), (DATA.replaced(limit=3), [])):
        measured(workspace, on(data), {"accuracy": 0.5}, facts={"remarks": said} if said else {})
    (remarks,) = [m.facts["remarks"] for m in workspace.models() if "remarks" in m.facts]
    assert remarks == ["of test", "of train"]


def test_remarks_stand_beside_the_values_of_their_trial_and_name_other_names(workspace: Workspace) -> None:
    renamed = on(DATA.replaced(name="first", limit=3))
    measured(
        workspace, on(DATA), {"accuracy": 0.5, "cost": 7.0}, dataless=frozenset({"cost"}), facts={"remarks": ["x"]}
    )
    measured(workspace, renamed, {"accuracy": 0.5}, facts={"remarks": ["y"]})
    again = renamed.replaced(model=A.replaced(name="other"))
    workspace.add_plan(Plan(title="two", trials=(again,)), "")
    said = {(v.data, v.measure): v.remarks for v in workspace.values()}
    assert said == {
        ("test", "accuracy"): ("x",),
        ("first", "accuracy"): (f"{A.name} on first: y",),
        (None, "cost"): (),
    }


@pytest.mark.parametrize("overlap", [None, 0.0, 0.25])
def test_an_overlap_is_told_of_values_that_data_went_into(workspace: Workspace, overlap: float | None) -> None:
    measured(workspace, on(DATA), {"accuracy": 0.5, "cost": 7.0}, dataless=frozenset({"cost"}), overlap=overlap)
    assert {v.measure: v.overlap for v in workspace.values()} == {"accuracy": overlap, "cost": None}


def test_an_older_workspace_is_read_with_what_no_data_went_into(tmp_path: Path) -> None:
    home = tmp_path / "old.graft"
    with Workspace.create(home) as space:
        space.add_plan(Plan(title="old", trials=(trial(A), trial(B))), "")
        for spec in (trial(A), trial(B)):
            run(space, spec)
        measured(space, on(DATA, 3), {"cost.nominal.bytes": 8.0})
        before = space.values()
    with sqlite3.connect(home / "workspace.db") as db:
        db.executescript(BEFORE_NAMES)
        for table, columns in NEWER.items():
            for column in columns:
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute(f"PRAGMA user_version = {schema.MIGRATIONS.index(schema._BY_DATA)}")
    db.close()
    with Workspace.open(home) as space:
        after = space.values()
        assert space.datasets()[0].classes == ()
    assert [value.value for value in after] == [value.value for value in before]
    assert {(v.measure, v.data) for v in after} == {
        ("accuracy", "test"),
        ("cost.nominal.macs", "test"),
        ("cost.nominal.bytes", None),
    }
    assert all(isinstance(value, ValueRecord) for value in after)


def test_a_cost_at_the_datas_size_stands_before_one_at_the_networks_own(workspace: Workspace) -> None:
    measured(workspace, on(DATA), {"cost.nominal.macs": 64.0})
    measured(workspace, on(OTHER), {"cost.nominal.macs": 128.0})
    measured(workspace, on(None), {"cost.nominal.macs": 32.0})
    found = {row.data: row.values["cost.nominal.macs"].value for row in rows_of(workspace.values())}
    assert found == {"test": 64.0, "train": 128.0}
