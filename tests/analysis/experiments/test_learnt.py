"""What a model has learnt from is known again in what it is measured on: by content, whatever it is called."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from graftwork.analysis.data import open_data
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.models.description import describe_checkpoint
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import DataSpec
from graftwork.analysis.workspace import Workspace
from tests.executing import run_trials

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
MODELS = """
[[model]]
name = "plain"
path = "{model}"
[[data]]
name = "learnt"
path = "{folder}/learnt.npz"
[[data]]
name = "measured"
path = "{path}"
split = "{split}"
limit = 100
[measure]
data = "measured"
what = ["accuracy", "cost.nominal"]
"""
STEPS = """
[[step]]
name = "trained"
method = "retrain.full"
of = ["plain"]
data = "learnt"
steps = 1
batch = 10
[[step]]
name = "pruned"
method = "prune.magnitude"
of = ["trained"]
amount = 0.5
[[step]]
name = "taught"
method = "distil.logits"
of = ["plain"]
teacher = "trained"
data = "learnt"
steps = 1
batch = 10
[[step]]
name = "merged"
method = "merge.linear"
of = [["plain", "pruned"]]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with 30 pictures of the digits' test part in a file of their own, and a workspace."""
    made = tmp_path_factory.mktemp("learnt")
    data = open_data(DataSpec(name="d", path="digits", content="digits", split="test", limit=100))
    np.savez(made / "learnt.npz", images=data.pictures(np.arange(30))[..., 0], labels=data.labels[:30])
    Workspace.create(made / "w.graft").close()
    return made


NETWORK = "digits-resnet8.safetensors"


def overlaps(folder: Path, split: str, model: str = NETWORK, steps: str = STEPS) -> dict[str, float]:
    """Run a recipe, and return the overlap of every model's accuracy with what it is measured on."""
    text = MODELS.format(model=model, folder=folder, path="digits", split=split) + steps
    made = plan(anchored(parse_recipe(text), DEMO))
    with Workspace.open(folder / "w.graft") as space:
        space.add_plan(made, text)
        run_trials(space, [record.spec for record in space.trials("pending")])
        data = next(d.name for d in space.datasets() if d.spec.split == split)
        found = [value for value in space.values() if value.data == data and value.measure == "accuracy"]
    return {value.model: value.overlap or 0.0 for value in found}


def test_the_same_images_in_another_file_are_marked_on_all_that_is_made_of_them(folder: Path) -> None:
    found = overlaps(folder, "test")
    trained = {name for name in found if name != "plain"}
    assert found["plain"] == 0
    assert len(trained) == 4
    assert {found[name] for name in trained} == {0.3}


def test_other_samples_are_not_marked(folder: Path) -> None:
    assert set(overlaps(folder, "train").values()) == {0}


def test_a_file_that_is_taken_elsewhere_remembers_what_it_has_learnt_from(folder: Path, tmp_path: Path) -> None:
    overlaps(folder, "test")
    with Workspace.open(folder / "w.graft", read_only=True) as space:
        pruned = next(model.path for model in space.models() if model.name == "plain/trained/pruned")
    assert pruned is not None
    assert "learnt" not in describe_checkpoint(open_checkpoint(pruned))["metadata"]["graftwork"]
    Workspace.create(tmp_path / "w.graft").close()
    (tmp_path / "learnt.npz").write_bytes((folder / "learnt.npz").read_bytes())
    assert overlaps(tmp_path, "test", model=str(pruned), steps="") == {"plain": 0.3}


def test_what_ran_before_anyone_looked_is_marked_by_its_lineage(folder: Path, tmp_path: Path) -> None:
    overlaps(folder, "test")
    older = shutil.copytree(folder / "w.graft", tmp_path / "w.graft")
    with Workspace.open(older) as space:
        with space._write("trials") as db:
            db.execute("UPDATE trials SET overlap = NULL, data = (SELECT identity FROM datasets WHERE name = 'learnt')")
        found = {(v.model, v.data): v.overlap for v in space.values() if v.measure == "accuracy"}
    assert found["plain", "learnt"] is None
    assert found["plain/trained", "learnt"] == found["plain+plain/trained/pruned/merged", "learnt"] == 1
