"""Recipes of the usual questions."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from graftwork.analysis.catalogue import Catalogue
from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.methods import METHODS
from graftwork.analysis.presets import PRESETS, Inputs
from graftwork.analysis.recipe import DataInput, ModelInput, Recipe, anchored, parse_recipe, write_recipe
from graftwork.analysis.trials import DerivedModel

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
TEST = DataInput(name="test", path="digits", normalise="digits", split="test", limit=50)
TRAIN = DataInput(name="train", path="digits", normalise="digits", split="train", limit=50)
MIXED = ("digits-resnet14-low", "digits-resnet14-middle", "digits-resnet14-high")


def asked(preset: str, models: tuple[str, ...] = MIXED[:1], train: DataInput | None = TRAIN, **values: Any) -> Recipe:
    entries = tuple(item.entry for item in METHODS.load().values())
    sources = tuple(ModelInput(name=name.rpartition("-")[2], path=f"{name}.safetensors") for name in models)
    registered = PRESETS.get(preset)
    inputs = Inputs(sources, TEST, train, Catalogue(entries=entries))
    return registered.function(inputs, registered.check(values))


def made(recipe: Recipe) -> list[DerivedModel]:
    planned = plan(anchored(parse_recipe(write_recipe(recipe)), DEMO))
    return [trial.model for trial in planned.trials if isinstance(trial.model, DerivedModel)]


def count(models: list[DerivedModel], method: str, **parameters: Any) -> int:
    return sum(m.method == method and parameters.items() <= m.parameters.items() for m in models)


@pytest.mark.parametrize("preset", sorted(PRESETS.load()))
@pytest.mark.parametrize("train", [TRAIN, None])
def test_what_a_preset_writes_is_read_planned_and_measured(preset: str, train: DataInput | None) -> None:
    recipe = asked(preset, MIXED, train)
    text = write_recipe(recipe)
    assert recipe.title == PRESETS.get(preset).entry.title
    for note in (recipe.note, *(step.note for step in recipe.step)):
        assert note
        assert note in text.replace("\n# ", " ")
    planned = plan(anchored(parse_recipe(text), DEMO))
    assert all({"accuracy", "cost.nominal"} <= {m.measure for m in trial.measures} for trial in planned.trials)
    assert len({trial.model.name for trial in planned.trials}) == len(planned.trials)


def test_every_criterion_meets_random_masks_at_its_ratios() -> None:
    models = made(asked("pruning", train=None, amounts=[0.5, 0.9], random=3))
    for amount in (0.5, 0.9):
        for scope in ("global", "layer", "erk"):
            assert count(models, "prune.magnitude", amount=amount, scope=scope) == 1
        assert count(models, "prune.random", amount=amount) == 3
    assert {m.seed for m in models if m.method == "prune.random"} == {0, 1, 2}
    assert len(models) == 2 * (3 + 3)


def test_with_training_data_everything_recovers_and_meets_fresh_weights_and_a_dense_network() -> None:
    models = made(asked("pruning", amounts=[0.5, 0.9], random=3, steps=7))
    assert count(models, "retrain.full", steps=7) == 2 * 6
    assert count(models, "retrain.scratch", steps=7, narrow=False) == 2 * 6
    assert count(models, "retrain.scratch", steps=7, narrow=True) == 2
    budgets = {
        tuple(m.parameters[key] for key in ("steps", "epochs", "batch", "learning_rate"))
        for m in models
        if m.method.startswith("retrain")
    }
    assert len(budgets) == 1


def test_the_ratios_of_a_fine_sweep_keep_equal_factors() -> None:
    models = made(asked("depth", train=None, most=0.99, points=2, random=2))
    assert [m.parameters["amount"] for m in models if m.method == "prune.magnitude"] == [0.9, 0.99]
    assert count(models, "prune.random") == 4


def test_every_merge_is_tried_on_all_models_and_on_each_pair() -> None:
    models = made(asked("merging", MIXED, random=4))
    groups = [len(m.parents) for m in models if m.method == "merge.linear"]
    assert sorted(groups) == [2, 2, 2, 3]
    assert count(models, "merge.random") == 4 * 4
    assert count(models, "repair.norm") == 4 + 4 * 4
    assert {step.method for step in asked("merging", MIXED[:2]).step} >= {
        entry.id
        for entry in (item.entry for item in METHODS.load().values())
        if entry.family == "merge" and not entry.parameter_schema.get("required")
    }


def test_the_seed_of_the_mixtures_is_the_presets() -> None:
    models = made(asked("merging", MIXED[:2], None, random=2, seed=7))
    assert [m.seed for m in models if m.method == "merge.random"] == [7, 8]


def test_a_single_model_has_no_merge() -> None:
    with pytest.raises(UserError, match="single model"):
        asked("merging", MIXED[:1])


def test_a_wrong_parameter_names_its_bounds() -> None:
    with pytest.raises(UserError, match=r"depth: most = 2") as refused:
        PRESETS.get("depth").check({"most": 2})
    assert "graftwork presets" in refused.value.next_step


def test_presets_do_without_torch() -> None:
    code = (
        "import sys; from graftwork.analysis.presets import PRESETS; PRESETS.load(); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
