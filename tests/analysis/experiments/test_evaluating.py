"""What a trial tells of networks whose scores are not numbers for all samples, or for none."""

from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest
import torch

from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.experiments.running import Runner
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import TrialResult

from .small_networks import perceptron, recipe_of

ROWS = np.random.default_rng(0).normal(size=(40, 3))
ROWS[:12, 0] = 1e30  # times 1e30 is infinite, and of infinities of both signs there is no sum


def run(folder: Path, what: str, **weights: float) -> dict[str, TrialResult]:
    models = {name: perceptron() for name in ("good", *weights)}
    for name, weight in weights.items():
        models[name]["fc1.weight"][:, 0] = weight
    recipe = recipe_of(folder, models, ROWS).replace('["accuracy"]', what)
    (folder / "arrays").mkdir()
    trials = plan(anchored(parse_recipe(recipe), folder)).trials
    runner = Runner(folder, torch.device("cpu"))
    return {trial.model.name: runner.run(trial, Quiet()) for trial in trials}


@pytest.mark.parametrize(
    ("weight", "said"), [(nan, "all 40 samples of rows"), (1e30, "12 of 40 samples of rows: they count as wrong")]
)
def test_what_has_no_scores_is_told(weight: float, said: str, tmp_path: Path) -> None:
    found = run(tmp_path, '["accuracy", "calibration", "cost.nominal"]', bad=weight)
    assert not any("good" in line and "scores" in line for line in found["good"].facts.get("remarks", ()))
    remarks = found["bad"].facts["remarks"]
    assert any(line.startswith(f"bad gives NaN or infinite scores for {said}") for line in remarks)
    assert any("calibration: not every sample has scores" in line for line in remarks)
    values = {value.measure: value for value in found["bad"].values}
    assert isnan(values["calibration.ece"].value)
    assert isnan(values["accuracy"].value) == isnan(weight)
    assert values["cost.nominal.parameters"].value > 0


def test_what_the_reference_lacks_is_told_of_it(tmp_path: Path) -> None:
    found = run(tmp_path, '["compare.margin_flow"]\nreference = "bad"', bad=nan)["good"]
    assert any(line.startswith("bad gives NaN or infinite scores") for line in found.facts["remarks"])
    assert all(isnan(value.value) and value.low is None for value in found.values)
