"""Measures that set every model beside a reference: what is planned, refused and run."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.experiments.running import Runner
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.measures import MEASURES, Evidence, Parameters, Value
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import Plan

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
RECIPE = """
[[model]]
name = "dense"
path = "digits-resnet8.safetensors"
[[model]]
name = "other"
path = "digits-resnet14-low.safetensors"
[[data]]
name = "test"
path = "digits"
split = "test"
normalise = "digits"
limit = 60
[[step]]
name = "cut"
method = "prune.magnitude"
of = ["dense"]
amount = 0.9
[measure]
data = "test"
what = ["accuracy", "test.beside"]
"""


class BesideParameters(Parameters):
    """None."""


@pytest.fixture(autouse=True)
def beside() -> Iterator[None]:
    """Register a measure that says how far the logits lie from the reference's."""
    shelf = MEASURES.load()

    @MEASURES.register("test.beside", title="Beside", citation="none", needs=("logits",), compares=True)
    def beside(evidence: Evidence, parameters: BesideParameters) -> Iterator[Value]:
        """Distance."""
        apart = np.abs(evidence.columns["logits"] - evidence.compared.columns["logits"]).mean()
        yield Value(measure="test.beside", value=float(apart))

    yield
    del shelf["test.beside"]


def _plan(recipe: str) -> Plan:
    return plan(anchored(parse_recipe(recipe), DEMO))


def _with(name: str) -> str:
    return RECIPE + f'reference = "{name}"\n'


def test_a_comparing_measure_wants_a_reference() -> None:
    with pytest.raises(UserError, match="names none") as refused:
        _plan(RECIPE)
    assert 'reference = "dense"' in refused.value.next_step


def test_an_unknown_or_manifold_reference_is_refused() -> None:
    with pytest.raises(UserError, match="Did you mean 'dense'"):
        _plan(_with("dens"))
    with pytest.raises(UserError, match="stands for 2 models"):
        _plan(_with("cut").replace("amount = 0.9", "amount = [0.5, 0.9]"))


def test_the_reference_is_an_input_of_all_others_and_part_of_their_identity() -> None:
    dense, other, cut = _plan(_with("dense")).trials
    assert {t.reference for t in (dense, other, cut)} == {dense.model.identity}
    assert dense.inputs == {}
    assert dense.model.identity in other.inputs
    beside_itself = next(t for t in _plan(_with("other")).trials if t.model == other.model)
    assert other.identity != beside_itself.identity


def test_a_reference_without_comparing_measures_changes_nothing() -> None:
    plain = RECIPE.replace(', "test.beside"', "")
    assert _plan(plain + 'reference = "dense"\n') == _plan(plain)


def test_a_reference_that_is_made_comes_first() -> None:
    trials = _plan(_with("cut")).trials
    assert [t.model.name for t in trials] == ["dense/cut", "dense", "other"]


def test_a_reference_made_from_what_is_compared_is_refused() -> None:
    later = '[[step]]\nname = "twice"\nmethod = "prune.random"\nof = ["cut"]\n'
    with pytest.raises(UserError, match="is made from dense/cut, which is to be compared with it"):
        _plan(_with("twice") + later)
    kept = _plan(RECIPE.replace(', "test.beside"', "") + later).trials[-1].model
    again = RECIPE.replace("[[data]]", '[[model]]\nname = "kept"\npath = "workspace:x"\n[[data]]')
    planned = plan(anchored(parse_recipe(again + 'reference = "kept"\n' + later), DEMO), kept={"x": kept})
    assert planned.trials[0].model.identity == kept.identity


def test_every_model_is_set_beside_the_reference_and_its_pass_runs_once(tmp_path: Path) -> None:
    for folder in ("arrays", "checkpoints"):
        (tmp_path / folder).mkdir()
    runner = Runner(tmp_path, torch.device("cpu"))
    results = [runner.run(trial, Quiet()) for trial in _plan(_with("cut")).trials]
    apart = [next(v.value for v in r.values if v.measure == "test.beside") for r in results]
    assert apart[0] == 0 < apart[1]
    passes = {r.columns["logits"] for r in results}
    assert len(passes) == 3
    assert len(list((tmp_path / "arrays").iterdir())) == 3 + 3 + 1  # passes, what the measures gave, the data
