"""Models that compute the same are run over the data once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.experiments.running import Runner
from graftwork.analysis.features import Run, extract
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import TrialResult
from graftwork.analysis.workspace import Workspace

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
RECIPE = """
[[model]]
name = "resnet8"
path = "digits-resnet8.safetensors"
[[data]]
name = "test"
path = "digits"
normalise = "digits"
split = "test"
limit = 200
[[step]]
method = "prune.magnitude"
of = ["resnet8"]
amount = [0.0, 0.4]
[measure]
data = "test"
what = ["accuracy", "cost.nominal"]
"""


@pytest.fixture
def extracted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the files that were extracted."""
    seen: list[str] = []

    def noted(runs: Sequence[Run], *rest: Any, **further: Any) -> None:
        seen.extend(run.path.name for run in runs)
        extract(runs, *rest, **further)

    monkeypatch.setattr("graftwork.analysis.experiments.running.extract", noted)
    return seen


def run_all(space: Workspace) -> dict[str, TrialResult]:
    found = plan(anchored(parse_recipe(RECIPE), DEMO))
    space.add_plan(found, RECIPE)
    runner = Runner(space.path, torch.device("cpu"))
    results = {}
    for trial in found.trials:
        result = results[trial.model.name] = runner.run(trial, Quiet())
        space.begin(trial.identity)
        space.finish(result)
    return results


def test_a_model_that_computes_the_same_is_linked(tmp_path: Path, extracted: list[str]) -> None:
    with Workspace.create(tmp_path / "w.graft") as space:
        results = run_all(space)
        assert space.check() == []
        facts = {model.name: model.facts for model in space.models()}
    assert facts["resnet8/magnitude-0.0"]["computes_the_same_as"] == "resnet8"
    assert not any("computes_the_same_as" in facts[name] for name in ("resnet8", "resnet8/magnitude-0.4"))
    same = results["resnet8/magnitude-0.0"]
    assert same.columns["prediction"] != results["resnet8"].columns["prediction"]  # a measure of its own
    assert same.columns["logits"] == results["resnet8"].columns["logits"]
    assert len(extracted) == len(set(extracted)) == 2
    dense, same_values = ({v.measure: v.value for v in r.values} for r in (results["resnet8"], same))
    assert dense == same_values


def test_a_link_to_a_file_that_is_gone_is_no_link(tmp_path: Path, extracted: list[str]) -> None:
    found = plan(anchored(parse_recipe(RECIPE), DEMO))
    runner = Runner(tmp_path, torch.device("cpu"))
    for folder in ("arrays", "checkpoints"):
        (tmp_path / folder).mkdir()
    first = runner.run(found.trials[0], Quiet())
    assert first.passed is not None
    (tmp_path / "arrays" / first.passed.file).unlink()
    assert runner.run(found.trials[1], Quiet()).passed == first.passed
    assert len(extracted) == 2
    assert (tmp_path / "arrays" / first.passed.file).exists()
