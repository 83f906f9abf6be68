"""Every registered method on a shipped checkpoint, and what is particular to each."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from graftwork.analysis.data import Prepared, open_data
from graftwork.analysis.errors import UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.measures import MEASURES
from graftwork.analysis.methods import METHODS, Derivative, MethodContext
from graftwork.analysis.models import Checkpoint, open_checkpoint, write_checkpoint
from graftwork.analysis.models.weight import names_of
from graftwork.analysis.projections import PROJECTIONS
from graftwork.analysis.trials import DataSpec

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
NAMES = ("low", "middle", "high")


@pytest.fixture(scope="module")
def parents() -> list[Checkpoint]:
    return [open_checkpoint(DEMO / f"digits-resnet14-{name}.safetensors") for name in NAMES]


def _run(name: str, parents: list[Checkpoint], seed: int = 0, **values: Any) -> Derivative:
    """Run a method with little to do: what it must be told of data and models are the digits and the first parent."""
    method = METHODS.get(name)
    schema = method.entry.parameter_schema
    needed = {key: schema["properties"][key].get("role") for key in schema.get("required", ())}
    brief = {"steps": 2, "batch": 20} if "steps" in schema["properties"] else {}
    data = {key: _digits() for key, role in needed.items() if role == "data"}
    models = {key: parents[0] for key, role in needed.items() if role == "model"}
    context = MethodContext(seed, torch.device("cpu"), Quiet(), data, models)
    return method.function(parents, method.check({key: key for key in needed} | brief | values), context)


@cache
def _digits() -> Prepared:
    return open_data(DataSpec(name="d", path="digits", content="digits", normalise="digits", limit=60))


def _tensors(derivative: Derivative) -> dict[str, torch.Tensor]:
    return {name: derivative.tensor(name) for name in derivative.specs}


@pytest.mark.parametrize("shelf", [METHODS, MEASURES, PROJECTIONS])
def test_every_entry_says_what_it_is(shelf: Any) -> None:
    assert shelf.load()
    for item in shelf.load().values():
        assert item.entry.citation
        assert item.entry.summary
        assert item.entry.title


@pytest.mark.heavy("some methods train")
@pytest.mark.parametrize("name", sorted(METHODS.load()))
def test_a_method_gives_a_checkpoint_that_opens_and_leaves_its_parents_alone(
    name: str, parents: list[Checkpoint], tmp_path: Path
) -> None:
    group = parents if METHODS.get(name).entry.parents == "many" else parents[:1]
    before = {n: group[0].tensor(n) for n in group[0].specs}
    derivative = _run(name, group)
    told = group[0].inherited() | derivative.said() | {"facts": derivative.facts}
    write_checkpoint(tmp_path / "a.safetensors", derivative.specs, derivative.tensor, told, derivative.ties)
    made = open_checkpoint(tmp_path / "a.safetensors")
    assert made.architecture is not None
    assert made.network()(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
    assert all(torch.equal(group[0].tensor(n), before[n]) for n in before)
    again = _run(name, group)
    assert all(torch.equal(again.tensor(n), derivative.tensor(n)) for n in again.specs)


@pytest.mark.parametrize("name", ["prune.magnitude", "prune.random"])
@pytest.mark.parametrize("scope", ["global", "layer", "erk"])
def test_the_share_that_is_asked_for_is_removed(name: str, scope: str, parents: list[Checkpoint]) -> None:
    derivative = _run(name, parents, amount=0.6, scope=scope)
    weights = [derivative.tensor(n) for n in names_of(parents[0].weights())]
    zeros = sum(int((w == 0).sum()) for w in weights) / sum(w.numel() for w in weights)
    assert zeros == pytest.approx(0.6, abs=2e-3)


def test_channels_go_as_a_whole(parents: list[Checkpoint]) -> None:
    derivative = _run("prune.magnitude", parents, amount=0.5, scope="layer", granularity="channel")
    for name in names_of(parents[0].weights()):
        gone = (derivative.tensor(name).flatten(1) == 0).all(1)
        assert int(gone.sum()) == round(0.5 * len(gone)), name


def test_seeds_draw_other_masks(parents: list[Checkpoint]) -> None:
    name = names_of(parents[0].weights())[3]
    one, other = (_run("prune.random", parents, seed=seed).tensor(name) for seed in (0, 1))
    assert not torch.equal(one, other)


def test_a_merge_is_the_weighted_mean(parents: list[Checkpoint]) -> None:
    merged = _run("merge.linear", parents, weights=[1.0, 2.0, 1.0])
    name = names_of(parents[0].weights())[2]
    a, b, c = (p.tensor(name).double() for p in parents)
    torch.testing.assert_close(merged.tensor(name).double(), (a + 2 * b + c) / 4, rtol=1e-6, atol=1e-7)


def test_a_merge_takes_counters_from_the_first(parents: list[Checkpoint]) -> None:
    merged = _run("merge.linear", parents)
    counters = [n for n in merged.specs if n.endswith("num_batches_tracked")]
    assert all(torch.equal(merged.tensor(n), parents[0].tensor(n)) for n in counters)


def test_a_merge_of_different_networks_is_refused_before_it_starts(parents: list[Checkpoint]) -> None:
    fits = METHODS.get("merge.linear").fits
    assert fits is not None
    other = open_checkpoint(DEMO / "digits-resnet8.safetensors")
    with pytest.raises(UserError, match="cannot be merged tensor by tensor"):
        fits([("a", parents[0].specs), ("b", other.specs)])
    with pytest.raises(UserError, match="weights"):
        _run("merge.linear", parents, weights=[1.0, 2.0])
