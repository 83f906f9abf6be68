"""The step of a checkpoint is what its files state, or the recipe; never a number in a name."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.models.progress import stated_progress
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.sets.gathering import members_of
from graftwork.analysis.workspace import Workspace
from tests.analysis.experiments.small_networks import perceptron, write_table
from tests.executing import carry_out

RECIPE = """
[[model]]
name = "run"
path = "*.pt"
{more}
[[data]]
name = "rows"
path = "rows.csv"
[[step]]
method = "prune.magnitude"
of = ["run"]
amount = 0.5
[measure]
data = "rows"
what = ["loss"]
[[fit]]
what = "trace.checkpoints"
y = "loss"
"""


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({"step": 7}, {"step": 7}),
        ({"global_step": 700, "epoch": 3}, {"step": 700, "epoch": 3}),
        ({"iteration": "12"}, {"step": 12}),
        ({"graftwork": {"step": 5}, "step": 9}, {"step": 5}),
        ({"trainer_state": {"global_step": 500, "epoch": 1.5}}, {"step": 500, "epoch": 1.5}),
        ({"epoch": None, "step": True}, {}),
        ({"step": "last", "epoch": -1}, {}),
        ({}, {}),
    ],
)
def test_what_files_state(metadata: dict[str, Any], found: dict[str, float]) -> None:
    assert stated_progress(metadata) == found


def test_the_trainers_state_lies_beside_the_weights(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint-9"
    folder.mkdir()
    save_file(perceptron(), folder / "model.safetensors")
    (folder / "trainer_state.json").write_text(json.dumps({"global_step": 500, "epoch": 2.0, "log_history": [1]}))
    assert stated_progress(open_checkpoint(folder).metadata) == {"step": 500, "epoch": 2.0}


def steps(folder: Path, told: dict[str, dict[str, Any]], later: str = "") -> dict[str, Any]:
    """Measure a series of files with what they tell, declare something of it later, and return the models' steps."""
    for seed, (name, state) in enumerate(told.items()):
        torch.save({"state_dict": perceptron(seed=seed), **state}, folder / f"{name}.pt")
    write_table(folder / "rows.csv", np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2)
    with Workspace.create(folder / "w.graft") as space:
        carry_out(space, RECIPE.format(more=""), folder)
        space.add_plan(plan(anchored(parse_recipe(RECIPE.format(more=later)), folder)), "")
        (spec,) = {fit.spec.identity: fit.spec for fit in space.fits()}.values()
        return {member.name: member.trait("step") for member in members_of(space, spec)}


def test_steps_are_the_files_and_what_is_made_of_them_has_their_parents(tmp_path: Path) -> None:
    found = steps(tmp_path, {"e1": {"global_step": 30}, "e2": {"global_step": 20}, "e3": {}})
    assert found == {
        "run/e1": 30,
        "run/e2": 20,
        "run/e3": None,
        "run/e1/magnitude": 30,
        "run/e2/magnitude": 20,
        "run/e3/magnitude": None,
    }


def test_a_recipe_declares_them_of_a_series_that_was_measured_before(tmp_path: Path) -> None:
    found = steps(tmp_path, {"b": {}, "a10": {}, "a9": {"step": 1}}, "step = [100, 200, 300]")
    assert {name: step for name, step in found.items() if "magnitude" not in name} == {
        "run/a9": 100,
        "run/a10": 200,
        "run/b": 300,
    }


@pytest.mark.parametrize("step", ["5", "[1, 2, 3]"])
def test_as_many_are_declared_as_there_are_files(step: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        torch.save(perceptron(), tmp_path / f"{name}.pt")
    with pytest.raises(UserError, match=r"of 2 files\. Write one for each, in this order: a\.pt, b\.pt"):
        plan(anchored(parse_recipe(f'[[model]]\nname = "m"\npath = "*.pt"\nstep = {step}\n'), tmp_path))
