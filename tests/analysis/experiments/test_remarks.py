"""What is assumed of a network stands in the plan and beside its values, until somebody declares it."""

from pathlib import Path

import numpy as np
import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.workspace import Workspace
from tests.executing import carry_out

from .small_networks import perceptron, recipe_of

ROWS = np.random.default_rng(0).normal(size=(40, 3))
CUT = '[[step]]\nmethod = "prune.magnitude"\nof = ["net"]\namount = 0.1\n'


def declaring(recipe: str, activation: str) -> str:
    return recipe.replace('"net.safetensors"\n', f'"net.safetensors"\nactivation = "{activation}"\n')


def test_a_declaration_is_another_model_without_the_remark(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, {"net": perceptron()}, ROWS, CUT).replace('["accuracy"]', '["loss"]')
    with Workspace.create(tmp_path / "w.graft") as space:
        carry_out(space, recipe, tmp_path)
        carry_out(space, declaring(recipe, "Tanh"), tmp_path)
        values = {v.model: v for v in space.values() if v.measure == "loss"}
    assumed = {name: any("taken for ReLU" in remark for remark in v.remarks) for name, v in values.items()}
    assert assumed == {"net": True, "net/magnitude": True, "net #2": False, "net/magnitude #2": False}
    assert values["net"].value != values["net #2"].value


def test_a_plan_says_it_first(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, {"net": perceptron()}, ROWS)
    (said,) = plan(anchored(parse_recipe(recipe), tmp_path)).remarks
    assert said.startswith("Nothing tells all settings of net; the activation between its layers is taken for ReLU.")
    assert plan(anchored(parse_recipe(declaring(recipe, "relu")), tmp_path)).remarks == ()


def test_a_model_of_the_workspace_is_declared_where_it_was_opened(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, {"net": perceptron()}, ROWS, CUT)
    kept = {trial.model.name: trial.model for trial in plan(anchored(parse_recipe(recipe), tmp_path)).trials}
    for name in kept:
        again = parse_recipe(f'[[model]]\nname = "x"\npath = "workspace:{name}"\nactivation = "tanh"\n')
        if name == "net":
            assert plan(again, kept=kept).trials[0].model.identity != kept["net"].identity
        else:
            with pytest.raises(UserError, match="is made from other models"):
                plan(again, kept=kept)
