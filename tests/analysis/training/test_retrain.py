"""Retraining a part, and adapters beside the layers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from graftwork.analysis.data import Prepared, open_data
from graftwork.analysis.errors import UserError
from graftwork.analysis.methods import METHODS
from graftwork.analysis.methods.retrain.adapter import Adapted
from graftwork.analysis.methods.retrain.parts import Part
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.models.weight import names_of
from graftwork.analysis.trials import DataSpec

from .conftest import DEMO, apply, context_of, saved, tensors

SHORT = {"steps": 10, "batch": 20, "learning_rate": 0.05, "weight_decay": 0.0}


def changed(parent: Checkpoint, made: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, tensor in made.items() if not torch.equal(tensor, parent.tensor(name))}


STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@pytest.mark.parametrize(
    ("part", "belongs"),
    [
        ("biases", lambda name: name == "linear.bias"),
        ("norms", lambda name: ".bn" in f".{name}"),
        ("head", lambda name: name.startswith("linear.")),
        ("adapters", lambda name: "conv" in name or name == "linear.weight"),
    ],
)
def test_what_is_chosen_learns_and_nothing_else(
    part: Part, belongs: Callable[[str], bool], sparse: Checkpoint, digits: Prepared
) -> None:
    made = apply("retrain.subset", sparse, context_of(digits), **SHORT, train=[part])
    learnt = {name for name in changed(sparse, tensors(made)) if not name.endswith(STATISTICS)}
    expected = {name for name in sparse.specs if belongs(name) and not name.endswith(STATISTICS)}
    assert learnt == expected


@pytest.mark.parametrize("train", [["adapters"], ["norms", "adapters", "head"]])
def test_adapters_leave_zeros_where_they_are(train: list[Part], sparse: Checkpoint, digits: Prepared) -> None:
    made = apply("retrain.subset", sparse, context_of(digits), **SHORT, train=train)
    for name in names_of(sparse.weights()):
        assert torch.equal(made.tensor(name) == 0, sparse.tensor(name) == 0), name


def test_an_adapters_change_has_its_rank(dense: Checkpoint, digits: Prepared) -> None:
    made = apply("retrain.subset", dense, context_of(digits), **SHORT, train=["adapters"], rank=2)
    for name in names_of(dense.weights()):
        change = (made.tensor(name) - dense.tensor(name)).flatten(1)
        assert torch.linalg.matrix_rank(change, rtol=1e-4) == 2, name


def test_less_than_one_percent_of_a_real_network_is_enough(shared: Path) -> None:
    parent = open_checkpoint(shared / "data/cifar10-resnet/resnet20-12fca82f.th")
    path = str(shared / "data/cifar10-jpeg/test.zip")
    data = open_data(DataSpec(name="d", path=path, content="c", normalise="imagenet", limit=20))
    made = apply("retrain.subset", parent, context_of(data), steps=1, batch=10)
    facts = made.facts["training"]
    assert facts["trained"] == 2 * 688 + 650  # scales and shifts, and the head
    assert facts["fraction"] == pytest.approx(facts["trained"] / 269_722)
    assert facts["fraction"] < 0.01


def test_a_part_that_is_not_there_is_refused(dense: Checkpoint, digits: Prepared) -> None:
    with pytest.raises(UserError, match="no part to train"):
        apply("retrain.subset", dense, context_of(digits), **SHORT, train=[])


@pytest.mark.parametrize("network", ["digits-resnet8", "digits-vit"])
def test_fused_adapters_are_the_branches(network: str, digits: Prepared, tmp_path: Path) -> None:
    parent = open_checkpoint(DEMO / f"{network}.safetensors")
    student = Adapted(parent.network(), parent, 3, {})
    with torch.no_grad():
        for branch in student.branches:
            torch.nn.init.normal_(branch.up.weight, std=0.1)  # type: ignore[union-attr,arg-type]
    fused = parent.network()
    fused.load_state_dict(student.tensors())
    inputs = digits.take(np.arange(20)).double()
    with torch.no_grad():
        expected = student.double().eval()(inputs)
        assert (expected - parent.network().double()(inputs)).abs().max() > 0.1
        torch.testing.assert_close(fused.double()(inputs), expected, rtol=1e-5, atol=1e-5)


def test_training_adapters_recovers_and_says_how_exact_the_fusion_is(dense: Checkpoint, digits: Prepared) -> None:
    made = apply("retrain.adapter", dense, context_of(digits), **SHORT, rank=2)
    assert made.facts["fused_difference"] < 1e-4
    change = (made.tensor("layer1.0.conv1.weight") - dense.tensor("layer1.0.conv1.weight")).flatten(1)
    assert torch.linalg.matrix_rank(change, rtol=1e-4) == 2


def test_channels_that_are_gone_stay_gone(dense: Checkpoint, digits: Prepared, tmp_path: Path) -> None:
    cut = apply("prune.magnitude", dense, context_of(None), amount=0.5, granularity="channel", scope="layer")
    parent = saved(cut, tmp_path / "cut.safetensors")
    made = apply("retrain.adapter", parent, context_of(digits), **SHORT)
    for name in names_of(parent.weights()):
        assert torch.equal(made.tensor(name) == 0, parent.tensor(name) == 0), name
    assert "layer1.0.conv1.weight" in changed(parent, tensors(made))


def test_single_zeros_are_not_for_structured_adapters(sparse: Checkpoint, digits: Prepared) -> None:
    with pytest.raises(UserError, match=r"Single weights of 'conv1' are zero"):
        apply("retrain.adapter", sparse, context_of(digits), **SHORT)
    apply("retrain.adapter", sparse, context_of(digits), **SHORT, keep_zeros=False)


def test_a_dense_network_of_equal_size_is_trained_from_scratch(
    sparse: Checkpoint, digits: Prepared, tmp_path: Path
) -> None:
    made = apply("retrain.scratch", sparse, context_of(digits), **SHORT, narrow=True)
    again = saved(made, tmp_path / "narrow.safetensors")
    nonzeros = sum(int(parameter.count_nonzero()) for parameter in sparse.network().parameters())
    dense = list(again.network().parameters())
    assert 0.8 * nonzeros < sum(parameter.numel() for parameter in dense) <= nonzeros
    assert all(parameter.all() for parameter in dense if parameter.ndim > 1)
    assert again.architecture is not None
    assert again.architecture.title == sparse.architecture.title  # type: ignore[union-attr]
    assert made.facts["widths"] == again.architecture.config["widths"]
    assert made.facts["nonzeros_of_parent"] == nonzeros


def test_a_dense_network_is_drawn_from_the_seed_alone(sparse: Checkpoint, digits: Prepared) -> None:
    short = {**SHORT, "steps": 1, "learning_rate": 1e-3}
    one, same, other = (
        tensors(apply("retrain.scratch", sparse, context_of(digits, seed=seed), **short, narrow=True))
        for seed in (0, 0, 1)
    )
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["conv1.weight"], other["conv1.weight"])


def test_from_scratch_has_another_shape_only_where_it_is_narrow() -> None:
    method = METHODS.get("retrain.scratch")
    assert [method.reshapes_with({"narrow": narrow}) for narrow in (True, False)] == [True, False]
    assert not METHODS.get("retrain.full").reshapes_with({})


def test_a_narrow_transformer_keeps_the_size_of_its_heads(digits: Prepared, tmp_path: Path) -> None:
    parent = open_checkpoint(DEMO / "digits-vit.safetensors")
    cut = apply("prune.magnitude", parent, context_of(None), amount=0.5)
    pruned = saved(cut, tmp_path / "pruned.safetensors", parent)
    context = context_of(digits, scratch=tmp_path / "kept")
    made = apply("retrain.scratch", pruned, context, **{**SHORT, "steps": 2}, narrow=True, keep_every=1)
    assert pruned.architecture is not None
    assert made.settings == {"head_dim": pruned.architecture.config["head_dim"]}
    kept = open_checkpoint(tmp_path / "kept" / "step0000002.safetensors")
    assert kept.architecture is not None
    assert kept.architecture.config["widths"] == made.facts["widths"]
    assert kept.architecture.config["head_dim"] == made.settings["head_dim"]
    assert kept.inherited()["head_dim"] == made.settings["head_dim"]  # so that what is made of it is recognised too
