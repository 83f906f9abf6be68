"""Programs that torch wrote open for their weights, and nothing of them runs."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import open_checkpoint


class Parts(nn.Module):
    """A convolution with a norm, in a list, a counter and a table of halves."""

    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)])
        self.register_buffer("table", torch.arange(6.0).reshape(2, 3).T.to(torch.bfloat16))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x * self.table.float().sum()


def scripted(module: nn.Module, path: Path, example: Tensor | None = None) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch has deprecated what it still writes
        program = torch.jit.script(module) if example is None else torch.jit.trace(module, example)
        torch.jit.save(program, path)
    return path


def exported(module: nn.Module, path: Path, example: Tensor | None = None) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(module, (torch.rand(1, 2, 8, 8) if example is None else example,))
        torch.export.save(program, path)
    return path


@pytest.mark.parametrize(
    ("save", "name", "form"), [(scripted, "a.pt", "TorchScript"), (exported, "a.pt2", "exported program")]
)
def test_a_program_gives_its_weights(save: Callable[..., Path], name: str, form: str, tmp_path: Path) -> None:
    module = Parts().eval()
    checkpoint = open_checkpoint(save(module, tmp_path / name))
    state = module.state_dict()
    assert checkpoint.format == form
    assert "not run" in checkpoint.metadata["program"]
    assert set(checkpoint.specs) == set(state)
    for key, tensor in state.items():
        assert checkpoint.specs[key].dtype == tensor.dtype
        assert torch.equal(checkpoint.tensor(key), tensor), key


@pytest.mark.parametrize(("save", "name"), [(scripted, "a.pt"), (exported, "a.pt2")])
def test_a_known_network_in_a_program_is_recognised_and_runs(
    save: Callable[..., Path], name: str, resnet: Any, tmp_path: Path
) -> None:
    x = torch.rand(1, 2, 32, 32)
    checkpoint = open_checkpoint(save(resnet, tmp_path / name, x))
    assert checkpoint.architecture is not None
    assert checkpoint.architecture.family == "resnet_cifar"
    assert torch.equal(checkpoint.network()(x), resnet(x))


def test_a_frozen_program_gives_its_constants(tmp_path: Path) -> None:
    layer = nn.Linear(3, 2).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.freeze(torch.jit.script(layer)), tmp_path / "a.pt")
    checkpoint = open_checkpoint(tmp_path / "a.pt")
    held = {tuple(spec.shape): checkpoint.tensor(name) for name, spec in checkpoint.specs.items()}
    assert all(name.startswith("constants.") for name in checkpoint.specs)
    assert torch.equal(held[2, 3], layer.weight)
    assert torch.equal(held[(2,)], layer.bias)


def test_weights_that_share_memory_are_each_read_where_they_lie(tmp_path: Path) -> None:
    class Tied(nn.Module):
        head: Tensor
        tail: Tensor

        def __init__(self) -> None:
            super().__init__()
            whole = torch.arange(12.0)
            self.register_buffer("head", whole[:6].reshape(2, 3))
            self.register_buffer("tail", whole[4:].reshape(4, 2).T)

        def forward(self, x: Tensor) -> Tensor:
            return x + self.head.sum() + self.tail.sum()

    module = Tied()
    for path in (scripted(module, tmp_path / "a.pt"), exported(module, tmp_path / "a.pt2", torch.zeros(1))):
        checkpoint = open_checkpoint(path)
        assert torch.equal(checkpoint.tensor("head"), module.head)
        assert torch.equal(checkpoint.tensor("tail"), module.tail)


@pytest.mark.parametrize("save", [scripted, exported])
def test_a_program_cut_anywhere_is_refused(save: Callable[..., Path], tmp_path: Path) -> None:
    content = save(Parts().eval(), tmp_path / "whole").read_bytes()
    for length in range(1, len(content), len(content) // 40):
        (tmp_path / "cut").write_bytes(content[:length])
        with pytest.raises(UserError):
            open_checkpoint(tmp_path / "cut")
