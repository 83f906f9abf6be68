"""Pruning on what layers are given: what goes, how much outputs change, and going on after a kill."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch

from graftwork.analysis.data import Prepared, open_data
from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.methods import METHODS, Derivative
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.trials import DataSpec
from graftwork.kernels.surgeon import output_error

from ..activations.test_blockwise import grams
from .making import run_method

DEMO = Path(str(files("graftwork.assets"))) / "demo"
NETWORKS = ("digits-vit", "digits-resnet8")
METHODS_HERE = ("prune.wanda", "prune.obs")


@pytest.fixture(scope="module")
def digits() -> Prepared:
    return open_data(DataSpec(name="d", path="digits", content="digits", normalise="digits", split="train", limit=200))


@pytest.fixture(params=NETWORKS)
def parent(request: pytest.FixtureRequest) -> Checkpoint:
    return open_checkpoint(DEMO / f"{request.param}.safetensors")


def matrices(made: Derivative, parent: Checkpoint) -> dict[str, torch.Tensor]:
    return {w.name: w.matrix(made.tensor(w.name)) for w in parent.weights() if w.name in made.facts["kept_by_layer"]}


@pytest.mark.parametrize("name", METHODS_HERE)
def test_the_share_that_is_asked_for_goes_and_no_more(name: str, parent: Checkpoint, digits: Prepared) -> None:
    made = run_method(name, parent, data=digits, amount=0.4, scope="row")
    for matrix in matrices(made, parent).values():
        zeros = (matrix == 0).sum(1) / matrix.shape[1]
        assert ((zeros - 0.4).abs() <= 1 / min(matrix.shape[1], 128) + 1e-6).all()


@pytest.mark.parametrize("name", METHODS_HERE)
@pytest.mark.parametrize("pattern", ["2:4", "4:8", "1:3"])
def test_of_m_neighbours_n_stay(name: str, pattern: str, parent: Checkpoint, digits: Prepared) -> None:
    stay, of = map(int, pattern.split(":"))
    made = run_method(name, parent, data=digits, granularity=pattern)
    for matrix in matrices(made, parent).values():
        for part in matrix.split(of, 1):
            assert ((part != 0).sum(1) <= stay).all()
            assert name == "prune.obs" or ((part != 0).sum(1) == min(stay, part.shape[1])).all()


def test_wanda_removes_the_smallest_products_of_weight_and_input() -> None:
    parent = open_checkpoint(DEMO / "digits-vit.safetensors")
    data = open_data(DataSpec(name="d", path="digits", content="digits", normalise="digits", limit=50))
    made = run_method("prune.wanda", parent, data=data, amount=0.5)
    layer = "patch_embed.proj"  # which no other comes before
    squares = grams(parent.network(), data, [layer])[layer][0].diagonal()  # type: ignore[arg-type]
    scores = parent.tensor(f"{layer}.weight").flatten(1).double().abs() * squares.sqrt()
    gone = made.tensor(f"{layer}.weight").flatten(1) == 0
    for row, lost in zip(scores, gone, strict=True):
        assert row[lost].max() <= row[~lost].min()


@pytest.mark.heavy("three prunings, and the sums of every layer")
def test_outputs_change_less_by_surgery_than_by_any_mask(parent: Checkpoint, digits: Prepared) -> None:
    found = {
        name: run_method(name, parent, data=digits, amount=0.5, scope="layer")
        for name in ("prune.magnitude", *METHODS_HERE)
    }
    layers = [name.removesuffix(".weight") for name in found["prune.obs"].facts["kept_by_layer"]]
    sums = grams(parent.network(), digits, layers)  # type: ignore[arg-type]
    weights = {w.name: w for w in parent.weights()}
    errors = {
        method: [_error(weights[f"{layer}.weight"], parent, made, sums[layer]) for layer in layers]
        for method, made in found.items()
    }
    for surgery, wanda, magnitude in zip(
        errors["prune.obs"], errors["prune.wanda"], errors["prune.magnitude"], strict=True
    ):
        assert surgery < min(wanda, magnitude)


def _error(weight: Any, parent: Checkpoint, made: Derivative, gram: torch.Tensor) -> float:
    before, after = (weight.matrix(found.tensor(weight.name)).double() for found in (parent, made))
    return output_error(before, after, gram[0])


@pytest.mark.parametrize("name", METHODS_HERE)
def test_a_killed_pruning_goes_on_and_ends_with_the_same_bytes(
    name: str, parent: Checkpoint, digits: Prepared, tmp_path: Path
) -> None:
    whole = run_method(name, parent, data=digits)
    stops = iter([False] * 6 + [True] * 1000)
    with pytest.raises(Cancelled):
        run_method(name, parent, data=digits, ticket=Quiet(stop=lambda: next(stops)), scratch=tmp_path / "s")
    assert list((tmp_path / "s").iterdir())
    resumed = run_method(name, parent, data=digits, scratch=tmp_path / "s")
    assert all(torch.equal(whole.tensor(n), resumed.tensor(n)) for n in parent.specs)
    assert whole.facts == resumed.facts


@pytest.mark.parametrize("pattern", ["4:2", "0:4", "2/4", "channel", "2:4 "])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(UserError, match="granularity"):
        METHODS.get("prune.wanda").check({"data": "d", "granularity": pattern})
