"""Allocations from a workspace: what a scan measured, the recipe that follows, and what that measured."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.models.layer_names import groups_of, layer_of
from graftwork.analysis.models.weight import names_of
from graftwork.analysis.recipe import parse_recipe
from graftwork.analysis.search.scans import report
from graftwork.analysis.trials import DerivedModel, Plan, Trial, TrialResult, Value
from graftwork.analysis.workspace import Workspace

from .digits import DEMO, HEAD, recipe

SCAN = HEAD.replace('"cut"', '"scan"').replace('what = ["accuracy", "cost.nominal"]', 'what = ["accuracy", "loss"]')
EACH = 'layers = "each"\namount = [0.5, 0.9]\n'
NET = open_checkpoint(DEMO / "digits-resnet8.safetensors")
SIZES = {layer_of(name): NET.specs[name].size for name in names_of(NET.weights())}


STANDARD: dict[str, Any] = {"step": "scan", "budget": 0.5}


def harm(parameters: Mapping[str, Any]) -> float:
    """Return a loss to which every layer adds by its own weight, and which two layers make worse together."""
    alone = dict.fromkeys(parameters.get("layers", ()), parameters.get("amount", 0.0))
    own: dict[str, float] = parameters.get("amounts") or alone
    added = sum((place + 1) * own.get(layer, 0.0) ** 2 for place, layer in enumerate(SIZES))
    return added * (1.1 if len(own) > 1 else 1)


def answer(space: Workspace, planned: Plan, text: str) -> None:
    """Keep a plan, and answer its trials by the formula."""
    space.add_plan(planned, text)
    for record in space.trials("pending"):
        space.begin(record.identity)
        space.finish(_result(record.spec))


def _result(trial: Trial) -> TrialResult:
    lost = harm(trial.model.parameters) if isinstance(trial.model, DerivedModel) else 0.0
    values = (Value(measure="accuracy", value=0.95 - lost / 10), Value(measure="loss", value=0.2 + lost))
    return TrialResult(trial=trial.identity, values=values, columns={}, checkpoint=None, facts={}, seconds=1)


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Workspace]:
    """Return a workspace with the scan."""
    with Workspace.create(tmp_path / "w.graft") as space:
        answer(space, plan(recipe(EACH, SCAN)), SCAN)
        yield space


def test_the_budget_is_kept_and_what_hurts_least_goes_first(space: Workspace) -> None:
    found = report(space, "scan", 0.5)
    assert [row.layer for row in found.rows] == list(SIZES)
    left = sum(SIZES[row.layer] * (1 - row.amount) for row in found.rows) / sum(SIZES.values())
    assert left == pytest.approx(found.kept)
    assert 0.48 < found.kept <= 0.5
    assert found.measure == "loss"
    assert found.predicted == pytest.approx(sum(row.damage for row in found.rows))
    uniform = sum((place + 1) * 0.5**2 for place in range(len(SIZES)))
    assert found.predicted < uniform


def test_after_the_recipe_has_run_the_prediction_stands_beside_the_measurement(space: Workspace) -> None:
    found = report(space, "scan", 0.5)
    assert found.measured is None
    written = parse_recipe(found.recipe)
    answer(space, plan(written), found.recipe)
    again = report(space, "scan", 0.5)
    together = harm({"amounts": {row.layer: row.amount for row in found.rows}})
    assert again.measured == pytest.approx(together)
    assert again.predicted == found.predicted
    assert again.recipe == found.recipe
    assert report(space, "scan", 0.6).measured is None


def test_damage_is_measured_by_what_was_asked_for(space: Workspace) -> None:
    found = report(space, "scan", 0.5, measure="accuracy")
    assert found.predicted == pytest.approx(report(space, "scan", 0.5).predicted / 10)


def test_a_budget_above_one_is_a_number_of_weights(space: Workspace) -> None:
    total = sum(SIZES.values())
    assert report(space, "scan", total / 2).rows == report(space, "scan", 0.5).rows


def test_multiply_accumulates_weigh_early_layers_more(space: Workspace) -> None:
    by_macs, by_weights = report(space, "scan", 0.5, "macs"), report(space, "scan", 0.5)
    assert by_macs.rows[0].share > 5 * by_weights.rows[0].share
    assert sum(row.share for row in by_macs.rows) == pytest.approx(1)


def _swept(more: str) -> Callable[[Workspace], None]:
    return lambda space: answer(space, plan(recipe(EACH + more, SCAN.replace('"scan"', '"other"'))), SCAN)


@pytest.mark.parametrize(
    ("change", "arguments", "problem"),
    [
        (None, {"step": "scam"}, "no finished scan of layers in the workspace called 'scam'. Did you mean 'scan'"),
        (None, {"measure": "los"}, "no measure of damage in the scan called 'los'. Did you mean 'loss'"),
        (None, {"budget": 0.05}, "leave 10 % of the cost, and the budget is 5 %"),
        (_swept('granularity = ["element", "channel"]\n'), {"step": "other"}, "varies more than layers and amount"),
    ],
)
def test_what_cannot_be_allocated_is_refused(
    change: Callable[[Workspace], None] | None, arguments: dict[str, Any], problem: str, space: Workspace
) -> None:
    if change:
        change(space)
    with pytest.raises(UserError) as refused:
        report(space, **(STANDARD | arguments))
    assert problem in str(refused.value)


def test_a_scan_of_two_models_is_refused(space: Workspace) -> None:
    two = SCAN.replace("[[data]]", '[[model]]\nname = "deep"\npath = "digits-resnet14.safetensors"\n[[data]]')
    answer(space, plan(recipe(EACH, two.replace('["net"]', '["net", "deep"]').replace('"scan"', '"both"'))), two)
    with pytest.raises(UserError, match="goes over 2 models"):
        report(space, "both", 0.5)


def test_groups_are_stages_and_blocks() -> None:
    names = ["conv1.weight", "layer1.0.conv1.weight", "layer1.1.conv1.weight", "blocks.3.mlp.fc1.weight", "fc.weight"]
    assert {group: len(found) for group, found in groups_of(names).items()} == {
        "conv1": 1,
        "layer1": 2,
        "blocks.3": 1,
        "fc": 1,
    }
