"""Training: against a plain loop, by seed, through interruptions, with zeros held."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from graftwork.analysis.data import Prepared, open_data
from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.models.beginning import untrained
from graftwork.analysis.models.families.resnet_cifar import CifarResNet
from graftwork.analysis.models.weight import names_of
from graftwork.analysis.training import Batches, TrainingParameters, drafts
from graftwork.analysis.trials import DataSpec

from .conftest import DEMO, apply, context_of, saved, tensors

pytestmark = pytest.mark.heavy("networks are trained")

SHORT: dict[str, Any] = {"steps": 12, "batch": 20, "learning_rate": 0.01}


def stopping_after(calls: int) -> Quiet:
    left = iter(range(calls))
    return Quiet(stop=lambda: next(left, None) is None)


REFERENCES: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "sgd": lambda free: torch.optim.SGD(free, 0.01, momentum=0.9, weight_decay=1e-3),
    "nesterov": lambda free: torch.optim.SGD(free, 0.01, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "adamw": lambda free: torch.optim.AdamW(free, 0.01, weight_decay=1e-3),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_full_retraining_is_the_plain_loop(name: str, dense: Checkpoint, digits: Prepared) -> None:
    values = SHORT | {"optimiser": name, "weight_decay": 1e-3, "schedule": "cosine", "clip": 1.0}
    made = apply("retrain.full", dense, context_of(digits), **values)
    network = dense.network().train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = REFERENCES[name](network.parameters())
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 12)
    parameters = TrainingParameters.model_validate({"data": "data", **values})
    for batch in Batches(digits, parameters, 0, torch.device("cpu")).from_step(0):
        optimiser.zero_grad()
        F.cross_entropy(network(batch.inputs), batch.labels).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    for tensor, expected in network.state_dict().items():
        torch.testing.assert_close(made.tensor(tensor), expected, rtol=1e-4, atol=1e-5)


def test_equal_seeds_give_equal_tensors_and_others_do_not(dense: Checkpoint, digits: Prepared) -> None:
    first, again = (tensors(apply("retrain.full", dense, context_of(digits), **SHORT)) for _ in range(2))
    other = tensors(apply("retrain.full", dense, context_of(digits, seed=1), **SHORT))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_the_global_random_numbers_are_left_alone(dense: Checkpoint, digits: Prepared) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    apply("retrain.scratch", dense, context_of(digits), **SHORT)
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("retrain.full", {"optimiser": "adamw", "held_out": 0.2, "check_every": 2, "augment": "crop_flip"}),
        ("retrain.scratch", {"keep_every": 4}),
    ],
)
@pytest.mark.parametrize("after", [1, 6])
def test_what_is_interrupted_ends_with_the_same_bits(
    method: str, values: dict[str, Any], after: int, dense: Checkpoint, digits: Prepared, tmp_path: Path
) -> None:
    values = SHORT | values
    whole = apply(method, dense, context_of(digits, scratch=tmp_path / "whole"), **values)
    folder = tmp_path / "resumed"
    with pytest.raises(Cancelled):
        apply(method, dense, context_of(digits, scratch=folder, ticket=stopping_after(after)), **values)
    assert [path.name for path in folder.glob("*.draft")] == ["training.draft"]
    ticket = Quiet()
    resumed = apply(method, dense, context_of(digits, scratch=folder, ticket=ticket), **values)
    assert ticket.seen[0][0] > 0 or after == 1
    assert all(torch.equal(whole.tensor(name), resumed.tensor(name)) for name in whole.specs)
    assert resumed.facts["training"]["curve"] == whole.facts["training"]["curve"]
    assert resumed.facts["training"].get("held_out") == whole.facts["training"].get("held_out")


def test_what_is_killed_goes_on_from_the_last_draft(
    dense: Checkpoint, digits: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "_INTERVAL", 0.0)
    whole = apply("retrain.full", dense, context_of(digits), **SHORT)
    left = iter(range(8))

    def kill() -> bool:
        if next(left, None) is None:
            raise MemoryError
        return False

    with pytest.raises(MemoryError):
        apply("retrain.full", dense, context_of(digits, scratch=tmp_path, ticket=Quiet(stop=kill)), **SHORT)
    assert [path.name for path in tmp_path.iterdir()] == ["training.draft"]
    ticket = Quiet()
    resumed = apply("retrain.full", dense, context_of(digits, scratch=tmp_path, ticket=ticket), **SHORT)
    assert ticket.seen[0][0] == 8
    assert all(torch.equal(whole.tensor(name), resumed.tensor(name)) for name in whole.specs)


def test_a_damaged_draft_is_begun_anew(dense: Checkpoint, digits: Prepared, tmp_path: Path) -> None:
    whole = apply("retrain.full", dense, context_of(digits), **SHORT)
    (tmp_path / "training.draft").write_bytes(b"half a")
    again = apply("retrain.full", dense, context_of(digits, scratch=tmp_path), **SHORT)
    assert all(torch.equal(whole.tensor(name), again.tensor(name)) for name in whole.specs)


def test_cancelling_stops_within_a_second(dense: Checkpoint, digits: Prepared, tmp_path: Path) -> None:
    asked: list[float] = []
    ticket = Quiet(stop=lambda: bool(asked) and time.perf_counter() >= asked[0])
    asked.append(time.perf_counter() + 0.5)
    with pytest.raises(Cancelled):
        apply("retrain.full", dense, context_of(digits, scratch=tmp_path, ticket=ticket), steps=100_000, batch=20)
    assert time.perf_counter() - asked[0] < 1


@pytest.mark.parametrize("method", ["retrain.full", "retrain.scratch"])
@pytest.mark.parametrize("optimiser", ["sgd", "nesterov", "adamw"])
def test_a_parents_zeros_stay_zero_and_the_rest_learns(
    method: str, optimiser: str, sparse: Checkpoint, digits: Prepared
) -> None:
    made = apply(method, sparse, context_of(digits), **SHORT, optimiser=optimiser, weight_decay=0.1)
    for name in names_of(sparse.weights()):
        assert torch.equal(made.tensor(name) == 0, sparse.tensor(name) == 0), name
        assert not torch.equal(made.tensor(name), sparse.tensor(name)), name


def test_zeros_grow_where_that_is_asked_for(sparse: Checkpoint, digits: Prepared) -> None:
    made = apply("retrain.full", sparse, context_of(digits), **SHORT, keep_zeros=False)
    weights = [made.tensor(name) for name in names_of(sparse.weights())]
    assert sum(int((w == 0).sum()) for w in weights) < 0.01 * sum(w.numel() for w in weights)


def test_retraining_recovers_what_pruning_broke(sparse: Checkpoint, digits: Prepared, tmp_path: Path) -> None:
    made = apply("retrain.full", sparse, context_of(digits), steps=60, batch=50, learning_rate=0.05)
    curve = made.facts["training"]["curve"]
    assert curve[-1]["loss"] < 0.5 * curve[0]["loss"]
    inputs, labels = digits.take(np.arange(200)), torch.from_numpy(digits.labels)
    with torch.no_grad():
        before, after = (
            float((network.network()(inputs).argmax(1) == labels).float().mean())
            for network in (sparse, saved(made, tmp_path / "a.safetensors"))
        )
    assert after > before + 0.2


def test_from_scratch_nothing_is_inherited_but_the_shape(dense: Checkpoint, digits: Prepared) -> None:
    made = apply("retrain.scratch", dense, context_of(digits), **SHORT)
    fresh = untrained(dense.network(), 0).state_dict()
    for name in names_of(dense.weights()):
        apart = (made.tensor(name) - fresh[name]).norm()
        assert apart < 0.5 * fresh[name].norm(), name
        assert apart < 0.5 * (made.tensor(name) - dense.tensor(name)).norm(), name


def test_a_fresh_start_leaves_nothing_of_what_was_learnt() -> None:
    parent = open_checkpoint(DEMO / "digits-vit.safetensors")
    torch.manual_seed(1)
    first, again, other = (untrained(parent.network(), seed).state_dict() for seed in (0, 0, 1))
    torch.manual_seed(0)
    expected = torch.nn.Conv2d(1, 48, 2, 2)
    assert torch.equal(first["patch_embed.proj.weight"], expected.weight)
    assert first["pos_embed"].std() == pytest.approx(0.02, rel=0.1)
    assert (first["blocks.0.norm1.weight"] == 1).all()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["cls_token"], other["cls_token"])
    assert not any(torch.equal(tensor, parent.tensor(name)) for name, tensor in first.items())


@pytest.mark.parametrize("method", ["retrain.full", "retrain.scratch", "retrain.adapter"])
def test_pruned_shapes_are_kept(method: str, digits: Prepared, tmp_path: Path) -> None:
    torch.manual_seed(0)
    narrow = CifarResNet(1, 8, [8, 16, 32], [[5], [9], [20]], None, "linear", 10).state_dict()
    save_file(narrow, tmp_path / "narrow.safetensors")
    parent = open_checkpoint(tmp_path / "narrow.safetensors")
    made = saved(apply(method, parent, context_of(digits), **SHORT), tmp_path / "made.safetensors")
    assert made.specs == parent.specs
    assert made.architecture == parent.architecture


def test_checkpoints_on_the_way_open_and_are_listed(dense: Checkpoint, digits: Prepared, tmp_path: Path) -> None:
    made = apply("retrain.full", dense, context_of(digits, scratch=tmp_path / "identity"), **SHORT, keep_every=6)
    kept = made.facts["training"]["kept"]
    assert [entry["step"] for entry in kept] == [6, 12]
    half, last = (open_checkpoint(tmp_path / entry["file"]) for entry in kept)
    assert all(torch.equal(last.tensor(name), made.tensor(name)) for name in made.specs)
    assert not torch.equal(half.tensor("conv1.weight"), last.tensor("conv1.weight"))
    assert half.architecture == dense.architecture


def test_training_stops_where_held_out_samples_gain_no_more(dense: Checkpoint, digits: Prepared) -> None:
    looking = {"held_out": 0.5, "check_every": 5, "patience": 2}
    values = {"steps": 400, "batch": 20, "learning_rate": 0.3, "schedule": "constant", **looking}
    made = apply("retrain.full", dense, context_of(digits), **values)
    facts = made.facts["training"]
    losses = [look["loss"] for look in facts["held_out"]]
    assert facts["steps"] < 400
    assert losses[-3] == min(losses)
    short = apply("retrain.full", dense, context_of(digits), **values | {"steps": facts["best_step"]})
    assert all(torch.equal(short.tensor(name), made.tensor(name)) for name in made.specs)


def test_a_loss_that_is_no_number_is_said(dense: Checkpoint, digits: Prepared) -> None:
    with pytest.raises(UserError, match="no number any more at step"):
        apply("retrain.full", dense, context_of(digits), steps=50, learning_rate=1e30)


def test_mixed_precision_learns_much_the_same(dense: Checkpoint, digits: Prepared) -> None:
    plain, mixed = (
        apply("retrain.full", dense, context_of(digits), **SHORT, mixed=mixed).tensor("linear.weight")
        for mixed in (False, True)
    )
    assert not torch.equal(plain, mixed)
    torch.testing.assert_close(plain, mixed, rtol=0, atol=0.02)


def test_what_does_not_fit_is_refused(dense: Checkpoint, digits: Prepared) -> None:
    text = DataSpec(name="d", path="digits", content="digits", normalise="digits", limit=20)
    others = open_data(text)
    others.kind = "tokens"
    with pytest.raises(UserError, match="takes images, and the data are tokens"):
        apply("retrain.full", dense, context_of(others), **SHORT)
    more = open_data(text)
    more.labels = more.labels + 5
    with pytest.raises(UserError, match="tells 10 classes apart"):
        apply("retrain.full", dense, context_of(more), **SHORT)
    none = open_data(text)
    none.labels = np.full(20, -1)
    with pytest.raises(UserError, match="without a class"):
        apply("retrain.full", dense, context_of(none), **SHORT)
    wide = open_data(text.replaced(normalise="none"))
    wide.take = lambda samples: torch.zeros(len(samples), 3, 8, 8)  # type: ignore[method-assign]
    with pytest.raises(UserError, match="cannot take samples of 3 × 8 × 8"):
        apply("retrain.full", dense, context_of(wide), **SHORT)
    with pytest.raises(UserError, match="no folder to keep"):
        apply("retrain.full", dense, context_of(digits), **SHORT, keep_every=3)


def test_progress_says_step_loss_and_time_left(dense: Checkpoint, digits: Prepared) -> None:
    ticket = Quiet()
    apply("retrain.full", dense, context_of(digits, ticket=ticket), **SHORT)
    done, total, note = ticket.seen[-1]
    assert (done, total) == (11, 12)
    assert note.startswith("step 11 of 12, loss 0.")
    assert note.endswith(" s left")
