"""Names of earlier versions: in recipes, and in what an older workspace keeps."""

import sqlite3
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from graftwork.analysis.columns import read_column
from graftwork.analysis.measures import MEASURES
from graftwork.analysis.recipe import Recipe, parse_recipe, write_recipe
from graftwork.analysis.trials import DataSpec, MeasureSpec, Plan, SourceModel, Trial, TrialResult, Value
from graftwork.analysis.workspace import Workspace, schema

from .workspace.conftest import BEFORE_NAMES

OLD, NEW = "robustness.certified", "robustness.great"
RECIPE = """
[[model]]
name = "m"
path = "m.pt"
[measure]
data = "d"
what = ["accuracy", "OLD"]
[[fit]]
what = "spread"
x = "OLD"
y = "OLD"
[search]
goal = "smallest"
keep = { "OLD" = 0.1 }
under = { "OLD" = 0.1 }
objectives = ["OLD"]
[search.over.prune]
amount = [0.1, 0.2]
"""


def read(name: str) -> Recipe:
    return parse_recipe(RECIPE.replace("OLD", name))


def test_a_recipe_with_an_earlier_name_is_read_as_one_with_the_present_one() -> None:
    assert read(OLD) == read(NEW)
    assert OLD not in write_recipe(read(OLD).replaced(search=None))
    assert MEASURES.get(OLD).entry.id == NEW


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Return a workspace from before the measure had its present name."""
    measure = MeasureSpec(measure=OLD, version=3)
    model = SourceModel(name="m", path="m.pt", content="m")
    trial = Trial(model=model, data=DataSpec(name="d", path="d.csv", content="d"), measures=(measure,))
    home = tmp_path / "old.graft"
    with Workspace.create(home) as space:
        space.add_plan(Plan(title="t", trials=(trial,)), "")
        with h5py.File(home / "arrays" / "m.h5", "w") as file:
            file[OLD] = np.array([0.25, 0.75], np.float32)
        kept: dict[str, Any] = {"columns": {OLD: "m.h5"}, "checkpoint": None, "facts": {}, "seconds": 1.0}
        space.finish(TrialResult(trial=trial.identity, values=(Value(measure=OLD, value=0.5),), **kept))
    with sqlite3.connect(home / "workspace.db") as db:
        db.executescript(f"{BEFORE_NAMES} ALTER TABLE trials DROP COLUMN remarks")
        db.execute(f"PRAGMA user_version = {schema.MIGRATIONS.index(schema._RENAMED)}")
    db.close()
    return home


def test_what_an_older_workspace_keeps_has_the_present_name(older: Path) -> None:
    with Workspace.open(older) as space:
        assert [(v.measure, v.value, v.version) for v in space.values()] == [(NEW, 0.5, 3)]
        (column,) = space.columns()
    assert column.name == NEW
    np.testing.assert_array_equal(read_column(column.path, column.name), [0.25, 0.75])
