"""Models of equal tensors are run over the data once; others are called the same where every sample says so."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.experiments.running import Runner
from graftwork.analysis.features import Run, extract
from graftwork.analysis.features.function import function_identity
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.models import Architecture, TensorSpec
from graftwork.analysis.models.families.mlp import build, recognise
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import TrialResult, Value
from graftwork.analysis.workspace import Workspace
from tests.executing import carry_out

from .small_networks import perceptron, recipe_of

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
    results = {result.trial: result for result in carry_out(space, RECIPE, DEMO)}
    return {record.model: results[record.identity] for record in space.trials() if record.identity in results}


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


def test_networks_that_differ_on_rare_samples_alone_are_not_the_same(tmp_path: Path, extracted: list[str]) -> None:
    facts, values = measured(tmp_path, {"a": pushed(0), "b": pushed(9)}, rare_rows(among=(130, 133)))
    assert len(extracted) == 2
    assert "computes_the_same_as" not in facts["b"]
    assert values["a"] != values["b"]


def test_networks_that_give_the_same_for_every_sample_are_linked_once_that_is_known(
    tmp_path: Path, extracted: list[str]
) -> None:
    facts, values = measured(tmp_path, {"a": pushed(0), "b": pushed(9)}, rare_rows(among=(0, 0)))
    assert len(extracted) == 2
    assert facts["b"]["computes_the_same_as"] == "a"
    assert values["a"] == values["b"]


def test_equal_tensors_are_run_once_whatever_file_they_lie_in(tmp_path: Path, extracted: list[str]) -> None:
    text = recipe_of(tmp_path, {"a": perceptron()}, rare_rows())
    state = {f"module.{name}": tensor.double() for name, tensor in perceptron().items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "b.pt")
    facts, _ = run_in(tmp_path, f'[[model]]\nname = "b"\npath = "b.pt"\n{text}')
    assert len(extracted) == 1
    assert facts["a"]["computes_the_same_as"] == "b"


@pytest.mark.parametrize("name", ["fc1.weight", "fc1.bias", "fc2.bias"])
def test_one_bit_makes_another_function(name: str) -> None:
    tensors = perceptron()
    networks = [opened(tensors), opened(tensors), opened(tensors | {name: one_bit_off(tensors[name])})]
    first, same, other = (function_identity(*network) for network in networks)
    assert first == same != other


def opened(tensors: dict[str, Tensor]) -> tuple[nn.Module, Architecture]:
    architecture = recognise({name: TensorSpec(tuple(t.shape), t.dtype) for name, t in tensors.items()}, {})
    assert architecture
    network = build(architecture)
    network.load_state_dict(tensors)
    return network, architecture


def one_bit_off(tensor: Tensor) -> Tensor:
    bits = tensor.clone().view(torch.int32)
    bits.view(-1)[-1] ^= 1
    return bits.view(torch.float32)


def pushed(push: float) -> dict[str, Tensor]:
    """Return a perceptron that is pushed towards one class where the last input is not zero."""
    tensors = perceptron()
    tensors["fc1.weight"][:, -1] = 0
    tensors["fc1.weight"][-1] = torch.tensor([0.0, 0.0, 1.0])
    tensors["fc2.weight"][:, -1] = torch.tensor([push, -push])
    return tensors


def rare_rows(among: tuple[int, int] = (0, 0), count: int = 400) -> NDArray[np.float64]:
    """Return rows whose last number is zero but for some of them."""
    rows = np.random.default_rng(0).normal(size=(count, 3))
    rows[:, -1] = 0
    rows[among[0] : among[1], -1] = 1
    return rows


def measured(
    folder: Path, models: dict[str, dict[str, Tensor]], rows: NDArray[np.float64]
) -> tuple[dict[str, Any], dict[str, list[Value]]]:
    return run_in(folder, recipe_of(folder, models, rows))


def run_in(folder: Path, text: str) -> tuple[dict[str, Any], dict[str, list[Value]]]:
    """Run a recipe, and return what is known of each model and what was measured of it, by name."""
    with Workspace.create(folder / "w.graft") as space:
        results = {result.trial: result for result in carry_out(space, text, folder)}
        values = {record.model: list(results[record.identity].values) for record in space.trials()}
        return {model.name: model.facts for model in space.models()}, values
