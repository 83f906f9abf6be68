"""A small plan of every kind of model, and workspaces to put it in."""

import json
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from graftwork.analysis.atomic import replacing
from graftwork.analysis.trials import DataSpec, DerivedModel, MeasureSpec, Plan, SourceModel, Trial, TrialResult, Value
from graftwork.analysis.workspace import Workspace

DATA = DataSpec(name="test", path="/data/test.zip", content="d" * 32, normalise=((0.5,), (0.25,)), limit=20)
ACCURACY = MeasureSpec(measure="accuracy", version=1, parameters={"draws": 100})

BEFORE_NAMES = """
DROP TABLE defaults;
ALTER TABLE measures DROP COLUMN weight;
ALTER TABLE measures DROP COLUMN compared;
ALTER TABLE columns RENAME TO newer;
CREATE TABLE columns (model, data, name, file, trial, PRIMARY KEY (model, data, name));
INSERT OR REPLACE INTO columns SELECT model, data, name, file, trial FROM newer ORDER BY rowid;
DROP TABLE newer;
"""
"""Takes the tables back to before values had names of their own."""


def source(name: str, content: str | None = None) -> SourceModel:
    return SourceModel(name=name, path=f"/models/{name}.th", content=content or f"content of {name}")


def derived(name: str, *parents: str, amount: float = 0.5, seed: int | None = None) -> DerivedModel:
    return DerivedModel(
        name=name, method="prune.magnitude", version=1, parameters={"amount": amount}, parents=parents, seed=seed
    )


def trial(model: SourceModel | DerivedModel, *inputs: SourceModel | DerivedModel, seed: int = 0) -> Trial:
    return Trial(model=model, inputs={i.identity: i for i in inputs}, data=DATA, measures=(ACCURACY,), seed=seed)


A, B = source("a"), source("b")
PRUNED = derived("a pruned", A.identity, seed=3)
MERGED = derived("merged", PRUNED.identity, B.identity)
PLAN = Plan(title="tiny", trials=(trial(A), trial(B), trial(PRUNED, A), trial(MERGED, PRUNED, B)))


def write_array(folder: Path, name: str) -> str:
    with replacing(folder / name) as temporary, h5py.File(temporary, "w") as file:
        file["values"] = np.arange(4.0)
    return name


def write_checkpoint(folder: Path, name: str) -> str:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    with replacing(folder / name) as temporary:
        temporary.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    return name


def run(workspace: Workspace, done: Trial, accuracy: float = 0.5) -> TrialResult:
    """Do what an executor does with a trial."""
    workspace.begin(done.identity)
    is_derived = done.model.kind == "derived"
    result = TrialResult(
        trial=done.identity,
        values=(
            Value(measure="accuracy", value=accuracy, low=accuracy - 0.1, high=accuracy + 0.1, unit="fraction"),
            Value(measure="cost.nominal.macs", value=40e6),
        ),
        columns={"logits": write_array(workspace.arrays, f"{done.identity}.h5")},
        checkpoint=write_checkpoint(workspace.checkpoints, f"{done.identity}.safetensors") if is_derived else None,
        facts={"family": "resnet"},
        seconds=1.5,
    )
    workspace.finish(result)
    return result


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "w.graft") as workspace:
        yield workspace


@pytest.fixture
def finished(workspace: Workspace) -> Workspace:
    """A workspace whose plan is done."""
    workspace.add_plan(PLAN, "title = 'tiny'")
    for one in PLAN.trials:
        run(workspace, one)
    return workspace
