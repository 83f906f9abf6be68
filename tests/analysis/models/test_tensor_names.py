"""What a network's own tensors are called, whatever wrapped it and stood beside it in training."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.models.tensor_names import canonical, is_aside, namings

OWN = ("conv.weight", "stage.0.norm.weight", "fc.bias")


@pytest.mark.parametrize(
    "wrapped",
    [
        "{0}",
        "module.{0}",
        "model.{0}",
        "_orig_mod.{0}",
        "module._orig_mod.{0}",
        "_forward_module.model.{0}",
        "_fsdp_wrapped_module.{0}",
        "model.net._checkpoint_wrapped_module.{0}",
        "_fsdp_wrapped_module.model._fpw_module.{0}",
    ],
)
def test_wrappers_of_all_are_no_part_of_a_name(wrapped: str) -> None:
    naming = canonical([wrapped.format(name) for name in OWN])
    assert naming.names == {name: wrapped.format(name) for name in OWN}
    assert naming.aside == ()


@pytest.mark.parametrize("wrapper", ["_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"])
def test_wrappers_of_libraries_are_taken_out_at_any_depth(wrapper: str) -> None:
    held = ["conv.weight", f"stage.{wrapper}.0.{wrapper}.norm.weight", f"fc.{wrapper}.bias"]
    assert canonical(held).names == dict(zip(OWN, held, strict=True))


@pytest.mark.parametrize("held", [("a._orig_mod.w", "a.w"), ("_orig_mod", "w"), ("module.", "module.w")])
def test_names_stay_where_two_would_become_one_or_none_is_left(held: tuple[str, ...]) -> None:
    assert set(canonical(held).names) == set(held)


def test_what_wraps_a_part_may_be_left_out_where_that_helps() -> None:
    held = ("backbone.module.conv.weight", "head.fc.weight")
    assert [list(naming.names) for naming in namings(held)] == [list(held), ["backbone.conv.weight", "head.fc.weight"]]
    assert [naming.prefix for naming in namings(("encoder.body.0.weight", "encoder.body.1.weight"))] == [
        *("", "encoder.", "encoder.body.")
    ]


@pytest.mark.parametrize("name", ["fc.weight", "backbone.fc.weight"])
def test_a_single_layer_keeps_its_name(name: str) -> None:
    *_, last = namings([name, name.replace("weight", "bias")])
    assert set(last.names) == {"fc.weight", "fc.bias"}


ASIDE = [
    *("criterion.weight", "loss.weight", "loss_fn.prototypes", "ce_loss.weight"),
    *("losses.0.weight", "loss.perceptual_loss.0.weight", "loss_func.margin", "train_acc.correct"),
    *("val_f1.tp", "test_metrics.accuracy.total", "metrics.auroc.thresholds", "valid_iou.confmat"),
    *("train_loss.value", "accuracy.total", "total_ops", "conv.total_ops"),
    *("stage.0.norm.total_params",),
]
OF_NETWORKS = [
    *("conv.weight", "loss_head.weight", "iou_prediction_head.weight", "iou_token.weight"),
    *("decoder.loss_embed.weight", "head.loss.weight", "trainer.weight", "test.weight"),
    *("precision_net.weight", "valid_mask", "train.conv.weight", "lossless.weight"),
    *("metric_learner.weight", "total.weight", "best.conv.weight"),
]


@pytest.mark.parametrize("name", ASIDE)
def test_losses_metrics_and_profilers_are_left_aside_and_told(name: str, tmp_path: Path) -> None:
    assert is_aside(name)
    torch.save({"module.model." + n: torch.ones(2, 2) for n in OWN} | {"module." + name: torch.ones(2)}, tmp_path / "a")
    checkpoint = open_checkpoint(tmp_path / "a")
    assert list(checkpoint.specs) == list(OWN)
    assert checkpoint.metadata == {"left_aside": ["module." + name]}


@pytest.mark.parametrize("name", OF_NETWORKS)
def test_tensors_of_networks_are_not(name: str) -> None:
    assert not is_aside(name)


def test_where_there_is_nothing_else_nothing_is_left_aside() -> None:
    assert list(canonical(["loss.weight", "criterion.weight"]).names) == ["loss.weight", "criterion.weight"]


@pytest.mark.parametrize("prefix", ["backbone.", "model.encoder.", "_forward_module.model.body.net.", "student."])
@pytest.mark.parametrize("form", ["torch", "safetensors"])
def test_a_network_is_recognised_below_any_name(form: str, prefix: str, resnet: nn.Module, tmp_path: Path) -> None:
    state = {prefix + name: tensor.clone() for name, tensor in resnet.state_dict().items()}
    aside = {"criterion.weight": torch.ones(7)}
    _kept(state | aside, form, tmp_path / "a")
    checkpoint = open_checkpoint(tmp_path / "a")
    assert checkpoint.architecture is not None
    assert checkpoint.architecture.family == "resnet_cifar"
    assert list(checkpoint.specs.keys() - resnet.state_dict().keys()) == []
    assert torch.equal(checkpoint.tensor("conv1.weight"), resnet.state_dict()["conv1.weight"])
    assert checkpoint.metadata["left_aside"] == ["criterion.weight"]


def test_what_is_not_recognised_keeps_the_names_that_it_has(tmp_path: Path) -> None:
    save_file({"backbone.a.w": torch.ones(2), "backbone.b.w": torch.ones(2)}, tmp_path / "a")
    assert set(open_checkpoint(tmp_path / "a").specs) == {"backbone.a.w", "backbone.b.w"}


def _kept(state: dict[str, Tensor], form: str, path: Path) -> None:
    save: Any = torch.save if form == "torch" else save_file
    save(state, path)
