"""A trial that keeps layers, from its recipe to the columns of its workspace."""

from pathlib import Path

import numpy as np
import torch

from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.experiments.running import Runner
from graftwork.analysis.features.store import Columns
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.workspace import Workspace

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
RECIPE = """
[[model]]
name = "vit"
path = "digits-vit.safetensors"
[[data]]
name = "test"
path = "digits"
normalise = "digits"
limit = 60
[measure]
data = "test"
what = ["accuracy"]
layers = ["blocks.0", "kind:Perceptron"]
pool = "class"
dtype = "auto"
"""


def test_layers_become_columns_of_the_workspace(tmp_path: Path) -> None:
    (trial,) = plan(anchored(parse_recipe(RECIPE), DEMO)).trials
    with Workspace.create(tmp_path / "w.graft") as space:
        space.add_plan(plan(anchored(parse_recipe(RECIPE), DEMO)), RECIPE)
        space.begin(trial.identity)
        space.finish(Runner(space.path, torch.device("cpu")).run(trial, Quiet()))
        files = {column.name: Path(column.path) for column in space.columns()}
        assert space.check() == []
    kept = {name for name in files if name.startswith("at:")}
    assert {"at:blocks.0", "at:blocks.0.mlp"} <= kept
    columns = Columns(files["at:blocks.0"])
    assert columns["at:blocks.0"].dtype == np.float16
    assert columns["at:blocks.0"].shape[0] == len(Columns(files["prediction"])["prediction"]) == 60
