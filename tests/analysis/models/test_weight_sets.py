"""Which tensors of a training program's file are opened."""

import argparse
import datetime
import enum
import functools
import pickle
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
        (net(1, "encoder_q.") | net(2, "encoder_k."), ["encoder_q", "encoder_k"], "encoder_q"),
        (net(1, "online.") | net(2, "target."), ["online", "target"], "online"),
        (
            {"state_dict": net(1, "online_encoder.") | net(2, "target_encoder.")},
            ["online_encoder", "target_encoder"],
            "online_encoder",
        ),
        ({"state_dict": net(1, "module.student.") | net(2, "module.teacher.")}, ["student", "teacher"], "student"),
        (net(1, "model.student.module.") | net(2, "model.teacher.module."), ["student", "teacher"], "student"),
        (
            net(1, "_orig_mod.student.") | net(2, "_orig_mod.teacher.") | {"_orig_mod.loss.weight": torch.ones(2)},
            ["student", "teacher"],
            "student",
        ),
        ({"student": net(1, "module."), "teacher": net(2, "module.")}, ["student", "teacher"], "student"),
        (net(1) | net(2, "teacher."), ["model", "teacher"], "model"),
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
        {"state_dict": net(1, "module.netG.") | net(2, "module.netD.")},
        net(1, "model.generator_net.") | net(2, "model.discriminator_net.") | {"model.criterion.weight": torch.ones(2)},
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


def test_an_average_beside_the_network_s_own_names_is_told_apart(tmp_path: Path) -> None:
    both = net(1) | {"fc.weight": torch.ones(2, 2)}
    path = saved(both | {f"momentum.{name}": tensor + 1 for name, tensor in both.items()}, tmp_path / "a.pt")
    assert open_checkpoint(path).metadata == {"weights": ["model", "momentum"], "opened": "model"}
    for weights in (None, "momentum"):
        assert set(open_checkpoint(path, weights).specs) == set(both)


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


class Settings(dict[str, Any]):
    """A dictionary of another class, as settings often are."""


class Kind(enum.Enum):
    """Values that are objects."""

    FIRST = 1


def test_objects_beside_the_weights_are_named_and_not_read(tmp_path: Path) -> None:
    beside = {
        "date": datetime.date(2024, 1, 2),
        "schedule": functools.partial(max, 1),
        "kind": Kind.FIRST,
        "optimizer_class": torch.optim.SGD,
        "mean": np.ones(3),
        "criterion": nn.CrossEntropyLoss(torch.ones(3)),
        "args": argparse.Namespace(lr=0.1, when=[datetime.date(2024, 1, 2)], more=Settings(a=1)),
        "settings": Settings(width=8, deep=Settings(kind=Kind.FIRST)),
        "version": torch.torch_version.TorchVersion("2.1.0"),
        "counts": {Kind.FIRST: 3, (1, (2, 3)): 4},
        "epochs": np.int64(3),
    }
    metadata = open_checkpoint(saved({"state_dict": net(1), **beside}, tmp_path / "a.pt")).metadata
    assert metadata.pop("not_read") == {
        "date": "datetime.date",
        "kind": f"{__name__}.Kind",
        "mean": "numpy.ndarray",
        "criterion": "torch.nn.modules.loss.CrossEntropyLoss",
        "args.when.0": "datetime.date",
    }
    assert metadata == {
        "args": {"lr": 0.1, "when": [None], "more": {"a": 1}},
        "settings": {"width": 8, "deep": {"kind": None}},
        "version": "2.1.0",
        "counts": {f"{__name__}.Kind": 3, "(1, (2, 3))": 4},
        "epochs": 3,
        "training": ["schedule", "optimizer_class"],
    }


@pytest.mark.parametrize(
    "content",
    [
        nn.Linear(2, 2),
        {"model": nn.Linear(2, 2), "epoch": 3},
        {"model": nn.Linear(2, 2), "ema": net(1)},
        {"net": {"module": nn.Linear(2, 2)}},
        [nn.Linear(2, 2)],
    ],
)
def test_a_module_that_was_pickled_whole_is_refused_with_the_way_out(content: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"would run 'torch\.nn\.modules\.linear\.Linear'") as caught:
        open_checkpoint(saved(content, tmp_path / "a.pt"))
    assert "state_dict" in caught.value.next_step


def test_beside_a_whole_module_the_weights_open(tmp_path: Path) -> None:
    path = saved({"state_dict": net(1), "model": nn.Linear(2, 2)}, tmp_path / "a.pt")
    assert value_of(path) == 1
    assert open_checkpoint(path).metadata["not_read"] == {"model": "torch.nn.modules.linear.Linear"}
    asked = saved({"model": nn.Linear(2, 2), "ema": net(2)}, tmp_path / "b.pt")
    assert value_of(asked, "ema") == 2


def test_a_module_beside_a_table_that_may_be_anything_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="several sets"):
        open_checkpoint(saved({"mine": nn.Linear(2, 2), "stats": {"mean": torch.ones(3)}}, tmp_path / "a.pt"))


class Packed:
    """A tensor in an object of somebody's own."""

    def __init__(self) -> None:
        self.packed = torch.ones(2)


@pytest.mark.parametrize("name", ["fc.weight", "weight"])
def test_an_object_among_the_tensors_that_holds_some_is_not_left_out(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"holds '{name}', which is an object of .*Packed"):
        open_checkpoint(saved({name: Packed(), "fc.bias": torch.ones(2)}, tmp_path / "a.pt"))
    extra = {"conv._extra_state": Packed(), "optimizer": Packed()}
    assert value_of(saved(net(1) | extra, tmp_path / "b.pt")) == 1


def test_weights_in_a_dictionary_of_another_class_open(tmp_path: Path) -> None:
    assert value_of(saved(Settings(net(1)), tmp_path / "a.pt")) == 1
    assert value_of(saved({"state_dict": Settings(net(2))}, tmp_path / "b.pt")) == 2


ARRAYS = {
    "conv.weight": np.arange(4, dtype=">f4").reshape(2, 2, order="F"),
    "conv.bias": np.array([1, -2], "i2"),
    "steps": np.array(3),
    "phase": np.array([1 + 2j]),
    "names": np.array(["a"]),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_arrays_opens(protocol: int, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"model": ARRAYS, "__author__": "x"}, protocol))
    checkpoint = open_checkpoint(path)
    assert checkpoint.format == "pickle"
    assert list(checkpoint.specs) == ["conv.weight", "conv.bias", "steps", "phase"]
    for name, spec in checkpoint.specs.items():
        tensor = checkpoint.tensor(name)
        assert (tuple(tensor.shape), tensor.dtype) == (spec.shape, spec.dtype)
        np.testing.assert_array_equal(tensor.numpy(), ARRAYS[name])
    assert checkpoint.metadata == {"__author__": "x", "not_read": {"names": "numpy.ndarray"}}


def test_arrays_are_weights_where_there_are_no_tensors_alone(tmp_path: Path) -> None:
    content = {"mine": net(1), "history": {"loss": np.ones(9)}, "mean": np.ones(3)}
    assert value_of(saved(content, tmp_path / "a.pt")) == 1
    mixed = {"conv.weight": np.full((2, 2), 7.0), "conv.bias": torch.ones(2), "mean": np.ones(3)}
    assert value_of(saved(mixed, tmp_path / "b.pt")) == 7


def test_an_array_without_its_numbers_is_told(tmp_path: Path) -> None:
    whole = pickle.dumps({"w": np.arange(8, dtype="u1"), "b": np.ones(2)}, 4)
    assert whole.count(b"K\x08\x85") == 1
    (tmp_path / "a.pkl").write_bytes(whole.replace(b"K\x08\x85", b"K\x09\x85"))
    with pytest.raises(UserError, match="'w', which is an array without its numbers"):
        open_checkpoint(tmp_path / "a.pkl")


def test_tensors_that_were_pickled_without_torch_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(net(1)))
    with pytest.raises(UserError, match=r"pickled without torch\.save"):
        open_checkpoint(tmp_path / "a.pkl")
