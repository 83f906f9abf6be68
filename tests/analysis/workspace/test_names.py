"""Values of other parameters or another reference stand side by side, each under a name of its own."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from graftwork.analysis.trials import MeasureSpec, Plan, Trial, TrialResult, Value
from graftwork.analysis.workspace import Workspace, schema

from .conftest import BEFORE_NAMES, DATA, A, B, write_array

TOPK, FLIPS = "accuracy.topk", "compare.flips.negative"
FLIP = "compare.flips.flip"


def asked(k: int | None = None, reference: Any = None, version: int = 3, **more: Any) -> Trial:
    """Return a trial that measures the top k of model a, and compares it with a reference."""
    parameters = {} if k is None else {"k": k}
    topk = MeasureSpec(measure=TOPK, version=version, parameters=parameters | more)
    flips = MeasureSpec(measure="compare.flips", version=4)
    inputs = {reference.identity: reference} if reference and reference is not A else {}
    other = reference.identity if reference else None
    return Trial(model=A, data=DATA, measures=(topk, *([flips] if other else [])), inputs=inputs, reference=other)


def measured(space: Workspace, spec: Trial, value: float, names: Iterable[str] = (TOPK,), **plan: Any) -> None:
    space.add_plan(Plan(title="one", trials=(spec,), **plan), "")
    columns = {FLIP: write_array(space.arrays, f"{spec.identity}.h5")} if spec.reference else {}
    values = [Value(measure=name, value=value) for name in (*names, *([FLIPS] if spec.reference else []))]
    compared = frozenset({FLIPS, FLIP}) if spec.reference else frozenset()
    plain: dict[str, Any] = {"checkpoint": None, "facts": {}, "seconds": 1.0}
    result = TrialResult(trial=spec.identity, values=tuple(values), columns=columns, compared=compared, **plain)
    space.finish(result)


def found(space: Workspace) -> dict[str, float]:
    return {value.name: value.value for value in space.values()}


def test_values_of_other_parameters_stand_beside_each_other(workspace: Workspace) -> None:
    measured(workspace, asked(k=1), 0.5)
    measured(workspace, asked(k=3), 0.8)
    measured(workspace, asked(k=5), 0.9)
    assert found(workspace) == {f"{TOPK} (k = 1)": 0.5, f"{TOPK} (k = 3)": 0.8, TOPK: 0.9}
    assert {value.name: value.settings for value in workspace.values()}[TOPK] == {"k": 5}


def test_a_detail_has_the_name_of_its_quantity(workspace: Workspace) -> None:
    measured(workspace, asked(k=1), 0.5, [TOPK, f"{TOPK}.class.cat (k = 2)"])
    assert set(found(workspace)) == {f"{TOPK} (k = 1)", f"{TOPK} (k = 1).class.cat (k = 2)"}


def test_values_and_columns_against_other_references_stand_beside_each_other(workspace: Workspace) -> None:
    for number, reference in enumerate((A, B)):
        measured(workspace, asked(5, reference), float(number))
    assert found(workspace) == {TOPK: 1.0, f"{FLIPS} (against a)": 0.0, f"{FLIPS} (against b)": 1.0}
    assert {v.reference for v in workspace.values() if v.measure == FLIPS} == {"a", "b"}
    columns = {column.name: column for column in workspace.columns()}
    assert set(columns) == {f"{FLIP} (against a)", f"{FLIP} (against b)"}
    assert {column.column for column in columns.values()} == {FLIP}
    assert len({column.path for column in columns.values()}) == 2


def test_what_was_measured_the_same_way_again_replaces_the_first(workspace: Workspace) -> None:
    measured(workspace, asked(3, version=2, retired=100), 0.5)
    measured(workspace, asked(3), 0.6)
    assert found(workspace) == {f"{TOPK} (k = 3)": 0.6}


def test_names_go_by_the_defaults_of_the_latest_plan(workspace: Workspace) -> None:
    measured(workspace, asked(5), 0.9)
    measured(workspace, asked(10), 0.95, defaults={TOPK: {"k": 10}})
    assert found(workspace) == {f"{TOPK} (k = 5)": 0.9, TOPK: 0.95}


def test_of_a_measure_whose_defaults_nobody_knows_all_is_told(workspace: Workspace) -> None:
    own = Trial(model=A, data=DATA, measures=(MeasureSpec(measure="mine", version=1, parameters={"x": 1.0}),))
    measured(workspace, own, 0.5, ["mine", "stray", "accuracy"])
    assert set(found(workspace)) == {"mine (x = 1.0)", "stray (untold)", "accuracy"}
    assert {v.measure: v.settings for v in workspace.values()} == {"mine": {"x": 1.0}, "stray": None, "accuracy": {}}


def test_an_older_workspace_finds_what_its_trials_were_asked_with(tmp_path: Path) -> None:
    home = tmp_path / "old.graft"
    with Workspace.create(home) as space:
        measured(space, asked(3, B), 0.5, [TOPK, "cost.measured.speedup", "stray"])
        files = {column.path for column in space.columns()}
    with closing(sqlite3.connect(home / "workspace.db")) as db:
        db.executescript(f"{BEFORE_NAMES} PRAGMA user_version = {schema.MIGRATIONS.index(schema._NAMES)}")
    with Workspace.open(home) as space:
        assert set(found(space)) == {
            f"{TOPK} (k = 3)",
            f"{FLIPS} (against b)",
            "cost.measured.speedup (against b, untold)",
            "stray (untold)",
        }
        assert [(column.name, column.path) for column in space.columns()] == [(f"{FLIP} (against b)", *files)]
        assert space.check() == []


@pytest.mark.parametrize("name", ["a", "b, twice (or more)", 'say "b"', " b "])
def test_a_reference_of_any_name_is_told_from_others(workspace: Workspace, name: str) -> None:
    reference = B.replaced(name=name, content="another")
    measured(workspace, asked(5, B), 0.1)
    measured(workspace, asked(5, reference), 0.2)
    assert len({n for n in found(workspace) if n.startswith(FLIPS)}) == 2
