"""Factoring: the best approximation of each rank, the best ranks of a budget."""

from collections.abc import Mapping
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graftwork.analysis.errors import UserError
from graftwork.analysis.methods import Derivative
from graftwork.analysis.methods.factor.ranks import Spectrum, by_energy, by_layer, together
from graftwork.analysis.models import Checkpoint, open_checkpoint, write_checkpoint

from .making import reopened, run_method

DEMO = Path(str(files("graftwork.assets"))) / "demo"


def factored(parent: Checkpoint, **parameters: Any) -> Derivative:
    return run_method("factor.svd", parent, **parameters)


@pytest.fixture(params=["digits-resnet8", "digits-vit"])
def parent(request: pytest.FixtureRequest) -> Checkpoint:
    return open_checkpoint(DEMO / f"{request.param}.safetensors")


@pytest.mark.parametrize("scope", ["global", "layer", "energy"])
def test_the_error_is_that_of_the_singular_values_left_out(parent: Checkpoint, scope: str) -> None:
    made = factored(parent, keep=0.6, scope=scope)
    weights = {weight.name: weight for weight in parent.weights()}
    assert made.facts["rank_by_layer"]
    for name, rank in made.facts["rank_by_layer"].items():
        layer = name.removesuffix(".weight")
        whole = weights[name].matrix(parent.tensor(name)).double()
        down, up = (made.tensor(f"{layer}.{part}.weight").double().flatten(1) for part in ("down", "up"))
        tail = torch.linalg.svdvals(whole)[rank:]
        assert (down.shape[0], up.shape[1]) == (rank, rank)
        assert torch.linalg.norm(whole - up @ down) == pytest.approx(float(tail.norm()), rel=1e-4, abs=1e-5)
        lost = float(tail.norm() / torch.linalg.norm(whole))
        assert made.facts["lost_by_layer"][name] == pytest.approx(lost, rel=1e-6)


@pytest.mark.parametrize(("scope", "keep"), [("global", 0.7), ("global", 0.4), ("layer", 0.5)])
def test_the_budget_is_met(parent: Checkpoint, scope: str, keep: float) -> None:
    made = factored(parent, keep=keep, scope=scope)
    cut = [name for name in parent.specs if name.endswith(".weight") and name not in made.specs]
    whole = sum(parent.specs[name].size for name in [*cut, *made.facts["whole"]])
    parts = sum(spec.size for name, spec in made.specs.items() if ".down." in name or ".up.weight" in name)
    kept = (parts + sum(parent.specs[name].size for name in made.facts["whole"])) / whole
    assert made.facts["kept"] == pytest.approx(kept)
    assert keep - 0.1 < kept <= keep


def test_all_kept_is_the_parent(parent: Checkpoint) -> None:
    made = factored(parent, keep=1.0)
    assert made.structure is None
    assert all(torch.equal(made.tensor(name), parent.tensor(name)) for name in parent.specs)


def test_factors_are_factored_pruned_and_run(parent: Checkpoint, tmp_path: Path) -> None:
    once = reopened(tmp_path / "once.safetensors", parent, factored(parent, keep=0.8))
    twice = reopened(tmp_path / "twice.safetensors", once, factored(once, keep=0.8))
    assert once.architecture is not None
    x = once.architecture.example(2)
    with torch.inference_mode():
        assert twice.network()(x).shape == parent.network()(x).shape
    assert sum(spec.size for spec in twice.specs.values()) < sum(spec.size for spec in once.specs.values())
    assert len(twice.structure().edits) > len(once.structure().edits)


def test_the_classifier_stays_unless_it_is_named() -> None:
    parent = open_checkpoint(DEMO / "digits-vit.safetensors")
    assert "head.weight" in factored(parent, keep=0.3).specs
    assert "head.down.weight" in factored(parent, keep=0.3, layers=["head"], scope="layer").specs


def test_a_weight_that_is_no_number_is_named(tmp_path: Path) -> None:
    parent = open_checkpoint(DEMO / "digits-resnet8.safetensors")

    def broken(name: str) -> torch.Tensor:
        tensor = parent.tensor(name)
        return tensor.fill_(torch.nan) if name == "conv1.weight" else tensor

    write_checkpoint(tmp_path / "nan.safetensors", parent.specs, broken, {})
    with pytest.raises(UserError, match="conv1"):
        factored(open_checkpoint(tmp_path / "nan.safetensors"))


def spectra(seed: int) -> dict[str, Spectrum]:
    draw = np.random.default_rng(seed)
    sides = {"a": (6, 5), "b": (9, 4), "c": (4, 4)}
    return {n: Spectrum(*side, np.sort(draw.exponential(size=min(side)))[::-1]) for n, side in sides.items()}


def energy(found: Mapping[str, Spectrum], ranks: Mapping[str, int]) -> float:
    return -sum(spectrum.lost(ranks[name]) ** 2 for name, spectrum in found.items())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("keep", [0.5, 0.7, 0.9])
def test_no_ranks_of_the_same_size_lose_less_together(seed: int, keep: float) -> None:
    found = spectra(seed)
    ranks = together(found, keep)
    cost = sum(spectrum.cost(ranks[name]) for name, spectrum in found.items())
    choices = [range(1, spectrum.most + 1) for spectrum in found.values()]
    everywhere = (dict(zip(found, choice, strict=True)) for choice in product(*choices))
    as_cheap = [r for r in everywhere if sum(s.cost(r[n]) for n, s in found.items()) <= cost]
    assert cost <= max(keep * sum(s.size for s in found.values()), sum(s.cost(1) for s in found.values()))
    assert energy(found, ranks) >= max(energy(found, other) for other in as_cheap) - 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_ranks_by_layer_and_by_energy_are_the_extreme_ones(seed: int) -> None:
    for name, spectrum in spectra(seed).items():
        rank = by_layer({name: spectrum}, 0.6)[name]
        assert rank == 1 or spectrum.cost(rank) <= 0.6 * spectrum.size < (rank + 1) * (spectrum.rows + spectrum.columns)
        rank = by_energy({name: spectrum}, 0.6)[name]
        squares = np.cumsum(spectrum.values**2) / np.sum(spectrum.values**2)
        assert squares[rank - 1] >= 0.6
        assert rank == 1 or squares[rank - 2] < 0.6
