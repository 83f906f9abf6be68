"""Which tensors of a training program's file are opened."""

import argparse
from collections import OrderedDict, defaultdict
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import open_checkpoint


def net(value: float, prefix: str = "") -> dict[str, Tensor]:
    return {f"{prefix}conv.weight": torch.full((2, 2), value), f"{prefix}conv.bias": torch.full((2,), value)}


def saved(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path


def value_of(path: Path, weights: str | None = None) -> float:
    checkpoint = open_checkpoint(path, weights)
    assert set(checkpoint.specs) == {"conv.weight", "conv.bias"}
    return float(checkpoint.tensor("conv.weight")[0, 0])


@pytest.mark.parametrize(
    ("content", "names", "usual"),
    [
        ({"state_dict": net(1), "ema": net(2)}, ["state_dict", "ema"], "state_dict"),
        ({"ema": net(2), "model": net(1), "epoch": 3}, ["ema", "model"], "model"),
        ({"model": net(1), "model_ema": {"module": net(2)}}, ["model", "model_ema.module"], "model"),
        ({"params": net(1), "params_ema": net(2)}, ["params", "params_ema"], "params"),
        ({"netG": net(1), "netG_ema": net(2)}, ["netG", "netG_ema"], "netG"),
        ({"state_dict": net(1, "model.") | net(2, "ema_model.")}, ["model", "ema_model"], "model"),
        (net(1, "net.") | net(2, "net_ema."), ["net", "net_ema"], "net"),
        (net(1, "query.") | net(2, "momentum_query."), ["query", "momentum_query"], "query"),
    ],
)
def test_the_usual_weights_are_opened_and_the_others_by_name(
    content: dict[str, Any], names: list[str], usual: str, tmp_path: Path
) -> None:
    path = saved(content, tmp_path / "a.pt")
    metadata = open_checkpoint(path).metadata
    assert sorted(metadata["weights"]) == sorted(names)
    assert metadata["opened"] == usual
    assert value_of(path) == 1
    other = next(name for name in names if name != usual)
    assert value_of(path, other) == 2
    assert open_checkpoint(path, other).metadata["opened"] == other


@pytest.mark.parametrize(
    "content",
    [
        {"generator": net(1), "discriminator": net(2), "epoch": 1},
        {"state_dict": net(1, "generator.") | net(2, "discriminator.")},
        {"encoder": net(1), "decoder": net(2)},
        {"model": {"encoder": net(1), "decoder": net(2)}},
    ],
)
def test_without_a_usual_one_the_choices_are_listed(content: dict[str, Any], tmp_path: Path) -> None:
    path = saved(content, tmp_path / "gan.ckpt")
    with pytest.raises(UserError, match="several sets") as caught:
        open_checkpoint(path)
    first, second = caught.value.problem.removesuffix(".").split(": ")[1].split(", ")
    assert f"gan.ckpt#{first}" in caught.value.next_step
    assert {value_of(path, first), value_of(path, second)} == {1, 2}


def test_the_same_holds_of_safetensors(tmp_path: Path) -> None:
    save_file(net(1, "generator.") | net(2, "discriminator."), tmp_path / "a.safetensors")
    with pytest.raises(UserError, match="discriminator, generator"):
        open_checkpoint(tmp_path / "a.safetensors")
    assert value_of(tmp_path / "a.safetensors", "generator") == 1


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    several = saved({"state_dict": net(1), "ema": net(2)}, tmp_path / "a.pt")
    with pytest.raises(UserError, match=r"no set of weights .* called 'swa'"):
        open_checkpoint(several, "swa")
    with pytest.raises(UserError, match="called 'ema'"):
        open_checkpoint(saved(net(1), tmp_path / "b.pt"), "ema")


def test_the_state_of_training_is_named_and_not_opened(tmp_path: Path) -> None:
    layer = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    content = {
        "state_dict": OrderedDict(layer.state_dict()),
        "optimizer": optimizer.state_dict(),
        "lr_scheduler": scheduler.state_dict(),
        "scaler": {},
        "epoch": 7,
        "global_step": 7000,
        "best_acc1": np.float64(76.25),
        "metrics": {"top1": torch.tensor(76.25), "top5": torch.tensor(93.0)},
        "args": argparse.Namespace(lr=0.1, arch="resnet18", out=PurePosixPath("runs/a")),
        "history": defaultdict(list, loss=[1.0, 0.5]),
        "pytorch-lightning_version": "2.5.0",
    }
    checkpoint = open_checkpoint(saved(content, tmp_path / "a.ckpt"))
    assert torch.equal(checkpoint.tensor("weight"), layer.weight)
    assert checkpoint.metadata == {
        "epoch": 7,
        "global_step": 7000,
        "best_acc1": 76.25,
        "metrics": {"top1": 76.25, "top5": 93.0},
        "args": {"lr": 0.1, "arch": "resnet18", "out": "runs/a"},
        "history": {"loss": [1.0, 0.5]},
        "pytorch-lightning_version": "2.5.0",
        "training": ["optimizer", "lr_scheduler", "scaler"],
    }


def test_a_module_called_ema_alone_is_no_second_network(tmp_path: Path) -> None:
    path = saved({"ema.weight": torch.ones(2)}, tmp_path / "a.pt")
    assert open_checkpoint(path).metadata == {}
