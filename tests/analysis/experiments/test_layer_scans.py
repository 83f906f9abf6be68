"""Steps that go through the layers of their parent, one at a time."""

from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.models.weight import names_of
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import DerivedModel, Plan

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
HEAD = """
[[model]]
name = "net"
path = "digits-resnet8.safetensors"
"""
SCAN = """
[[step]]
name = "scan"
method = "prune.magnitude"
of = ["OF"]
layers = "each"
amount = [0.5, 0.9]
"""


def _models(steps: str) -> list[DerivedModel]:
    planned: Plan = plan(anchored(parse_recipe(HEAD + steps), DEMO))
    return [trial.model for trial in planned.trials if isinstance(trial.model, DerivedModel)]


def test_each_layer_is_cut_alone_at_every_amount() -> None:
    weights = names_of(open_checkpoint(DEMO / "digits-resnet8.safetensors").weights())
    models = _models(SCAN.replace("OF", "net"))
    found = [(model.parameters["layers"], model.parameters["amount"]) for model in models]
    assert found == [([name.removesuffix(".weight")], amount) for name in weights for amount in (0.5, 0.9)]
    assert models[0].name == "net/scan-conv1-0.5"


def test_the_layers_of_a_model_that_is_not_made_are_those_of_its_source() -> None:
    random = '[[step]]\nname = "noise"\nmethod = "prune.random"\nof = ["net"]\namount = 0.1\n'
    made, *scanned = _models(random + SCAN.replace("OF", "noise"))
    assert len(scanned) == len(_models(SCAN.replace("OF", "net")))
    assert {model.parents for model in scanned} == {(made.identity,)}


def test_a_list_of_lists_sweeps_a_parameter_that_is_a_list() -> None:
    step = '[[step]]\nmethod = "prune.magnitude"\nof = ["net"]\nlayers = [["linear"], ["conv1", "linear"]]\n'
    assert [model.name for model in _models(step)] == ["net/magnitude-linear", "net/magnitude-conv1+linear"]


def test_each_layer_is_refused_of_a_method_that_knows_none() -> None:
    step = '[[step]]\nmethod = "merge.linear"\nof = [["net", "net"]]\nlayers = "each"\n'
    with pytest.raises(UserError, match=r"no parameter of merge\.linear called 'layers'"):
        _models(step)
