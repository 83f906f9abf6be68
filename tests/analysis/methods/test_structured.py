"""Structured pruning: the budget is met, and what is left is opened, run and changed again."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from graftwork.analysis.errors import UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.methods import METHODS, Derivative, MethodContext
from graftwork.analysis.methods.editing import edited
from graftwork.analysis.methods.prune.channels import Budget, Group, nearest
from graftwork.analysis.models import Checkpoint, open_checkpoint, write_checkpoint
from graftwork.analysis.models.macs import macs
from graftwork.analysis.models.structure import Path as Order
from graftwork.analysis.models.structure import Resize

DEMO = Path(str(files("graftwork.assets"))) / "demo"
NETWORKS = ("digits-resnet8", "digits-vit")


def method(name: str, *parents: Checkpoint, **parameters: Any) -> Derivative:
    found = METHODS.get(name)
    context = MethodContext(seed=0, device=torch.device("cpu"), ticket=Quiet(), data={}, models={})
    return found.function(list(parents), found.check(parameters), context)


def cut(parent: Checkpoint, **parameters: Any) -> Derivative:
    return method("prune.structured", parent, **parameters)


class Folder:
    """Keeps what methods make, as a trial does."""

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0

    def kept(self, parent: Checkpoint, made: Derivative) -> Checkpoint:
        self.count += 1
        path = self.path / f"{self.count}.safetensors"
        ties = parent.ties if made.ties is None else made.ties
        write_checkpoint(path, made.specs, made.tensor, parent.inherited() | made.said(), ties)
        return open_checkpoint(path)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture(params=NETWORKS)
def parent(request: pytest.FixtureRequest) -> Checkpoint:
    return open_checkpoint(DEMO / f"{request.param}.safetensors")


@pytest.fixture
def resnet() -> Checkpoint:
    return open_checkpoint(DEMO / "digits-resnet8.safetensors")


def cost(checkpoint: Checkpoint) -> int:
    assert checkpoint.architecture is not None
    return macs(checkpoint.skeleton(), checkpoint.architecture.example(1))


def outputs(checkpoint: Checkpoint) -> Tensor:
    assert checkpoint.architecture is not None
    with torch.inference_mode():
        logits: Tensor = checkpoint.network()(checkpoint.architecture.example(2))
    return logits


@pytest.mark.parametrize("scope", ["global", "layer"])
@pytest.mark.parametrize("amount", [0.2, 0.5])
def test_the_share_is_reached_and_said(parent: Checkpoint, folder: Folder, scope: str, amount: float) -> None:
    made = cut(parent, amount=amount, scope=scope)
    left = folder.kept(parent, made)
    assert made.facts["macs"] == [cost(parent), cost(left)]
    assert made.facts["removed"] == pytest.approx(1 - cost(left) / cost(parent))
    assert made.facts["removed"] == pytest.approx(amount, abs=0.05)
    total = sum(left.specs[name].size for name in left.trained())
    assert made.facts["parameters"] == [sum(parent.specs[name].size for name in parent.trained()), total]
    for layer, (before, after) in made.facts["channels_by_layer"].items():
        assert (parent.specs[f"{layer}.weight"].shape[0], left.specs[f"{layer}.weight"].shape[0]) == (before, after)
    assert outputs(left).isfinite().all()


def test_wide_networks_are_cut_to_two_hundredths() -> None:
    parent = open_checkpoint(DEMO / "digits-resnet20.safetensors")
    assert cut(parent, amount=0.4).facts["removed"] == pytest.approx(0.4, abs=0.02)


def test_nothing_removed_is_the_parent(parent: Checkpoint) -> None:
    made = cut(parent, amount=0.0)
    assert made.structure is None
    assert all(torch.equal(made.tensor(name), parent.tensor(name)) for name in parent.specs)


def test_the_least_channels_of_a_layer_go(resnet: Checkpoint) -> None:
    made = cut(resnet, amount=0.05, layers=["layer1.0.conv1"])
    whole, left = resnet.tensor("layer1.0.conv1.weight"), made.tensor("layer1.0.conv1.weight")
    reading = resnet.tensor("layer1.0.conv2.weight")
    sizes = whole.flatten(1).norm(dim=1), reading.transpose(0, 1).flatten(1).norm(dim=1)
    scores = sum(size / size.mean() for size in sizes)
    assert isinstance(scores, Tensor)
    stay = scores.argsort()[len(whole) - len(left) :].sort().values
    assert 0 < len(left) < len(whole)
    assert torch.equal(left, whole[stay])
    assert torch.equal(made.tensor("layer1.0.conv2.weight"), reading[:, stay])
    assert torch.equal(made.tensor("layer1.0.bn1.running_var"), resnet.tensor("layer1.0.bn1.running_var")[stay])
    assert list(made.facts["channels_by_layer"]) == ["layer1.0.conv1"]


@pytest.mark.parametrize("round_to", [2, 4])
def test_what_stays_is_a_multiple(resnet: Checkpoint, round_to: int) -> None:
    made = cut(resnet, amount=0.4, round_to=round_to)
    assert all(after % round_to == 0 for _, after in made.facts["channels_by_layer"].values())


def test_no_layer_loses_more_than_it_may(resnet: Checkpoint) -> None:
    made = cut(resnet, amount=0.4, max=0.5)
    assert all(after >= before / 2 for before, after in made.facts["channels_by_layer"].values())


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"amount": 0.9, "max": 0.1}, "At most"),
        ({"layers": ["linear"]}, "no channels that can go"),
        ({"layers": ["nowhere"]}, "nowhere"),
    ],
)
def test_what_cannot_be_is_refused(resnet: Checkpoint, parameters: Mapping[str, Any], why: str) -> None:
    with pytest.raises(UserError, match=why):
        cut(resnet, **parameters)


def test_a_weight_that_is_no_number_is_named(resnet: Checkpoint, folder: Folder) -> None:
    def broken(name: str) -> Tensor:
        tensor = resnet.tensor(name)
        return tensor.fill_(torch.nan) if name == "conv1.weight" else tensor

    with pytest.raises(UserError, match=r"conv1\.weight"):
        cut(folder.kept(resnet, Derivative(resnet.specs, broken)))


@pytest.mark.heavy("a network is cut and changed again by every kind of method")
def test_a_cut_network_is_changed_again(parent: Checkpoint, folder: Folder) -> None:
    once = folder.kept(parent, cut(parent, amount=0.3))
    for made in (
        cut(once, amount=0.3),
        method("factor.svd", once, keep=0.7),
        method("quantise.uniform", once, bits=8),
        method("prune.magnitude", once, amount=0.5),
        method("merge.linear", once, folder.kept(parent, cut(parent, amount=0.3))),
    ):
        again = folder.kept(once, made)
        assert outputs(again).shape == outputs(parent).shape
        assert outputs(again).isfinite().all()
        assert again.structure().edits[: len(once.structure().edits)] == once.structure().edits
    assert cost(folder.kept(once, cut(once, amount=0.3))) == pytest.approx(0.7 * cost(once), rel=0.1)


@pytest.mark.parametrize("before", ["factor.svd", "quantise.uniform"])
def test_what_was_changed_before_is_cut(resnet: Checkpoint, folder: Folder, before: str) -> None:
    changed = folder.kept(resnet, method(before, resnet, **{"factor.svd": {"keep": 0.7}}.get(before, {"bits": 8})))
    left = folder.kept(changed, cut(changed, amount=0.3))
    assert cost(left) == pytest.approx(0.7 * cost(changed), rel=0.05)
    assert outputs(left).isfinite().all()


@pytest.mark.heavy("a network is cut, and its blocks looked at")
def test_blocks_are_dropped_of_a_cut_network(folder: Folder) -> None:
    parent = open_checkpoint(DEMO / "digits-resnet20.safetensors")
    left = folder.kept(parent, cut(parent, amount=0.3))
    shallower = folder.kept(left, edited(left, [Order(blocks="layer1", order=(0, 2))], {}))
    again = folder.kept(shallower, cut(shallower, amount=0.2))
    assert cost(again) < cost(shallower) < cost(left)
    assert outputs(again).isfinite().all()


def test_networks_whose_zeros_lie_elsewhere_are_not_merged(resnet: Checkpoint, folder: Folder) -> None:
    made = cut(resnet, amount=0.5, scope="layer")
    assert made.structure is not None
    edits = tuple(edit for edit in made.structure.edits if isinstance(edit, Resize))
    padded = next(edit for edit in edits if {"before", "after"} <= edit.counts.keys())
    turned = padded.replaced(counts={"before": padded.counts["before"] - 1, "after": padded.counts["after"] + 1})
    others = made.structure.replaced(edits=tuple(turned if edit is padded else edit for edit in edits))
    with pytest.raises(UserError, match="edited"):
        method("merge.linear", folder.kept(resnet, made), folder.kept(resnet, replace(made, structure=others)))


def groups() -> list[Group]:
    draw = np.random.default_rng(0)
    return [Group(np.arange(1, 9), np.sort(draw.random(8)), 1), Group(np.arange(9, 12), np.sort(draw.random(3)), 64)]


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_steps_only_add(scope: Any) -> None:
    budget = Budget(groups(), scope, 0.9, 2)
    gone = [set(budget.at(step).tolist()) for step in range(budget.steps + 1)]
    assert not gone[0]
    assert all(before <= after for before, after in pairwise(gone))
    assert len(gone[-1] & set(range(1, 9))) == 6, "of eight two stay, a multiple of two"
    assert len(gone[-1] & {9, 10, 11}) == 2, "of heads one"


@pytest.mark.parametrize(("wanted", "step"), [(100, 0), (0, 4), (64, 1), (56, 2), (55, 2), (31, 3)])
def test_the_nearest_step(wanted: float, step: int) -> None:
    assert nearest([100, 70, 55, 30, 10].__getitem__, 4, wanted) == step
