"""What nothing tells of a network is said, and vanishes where somebody declares it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import describe, open_checkpoint, write_checkpoint
from graftwork.analysis.trials import SourceModel


class Reader(nn.Module):
    def __init__(self, core: Any, classes: int, **fields: Any) -> None:
        super().__init__()
        self.embedding, self.core = nn.Embedding(9, 4), core(4, 5, batch_first=True, **fields)
        self.head = nn.Linear(5, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.core(self.embedding(tokens))[0][:, -1])  # type: ignore[no-any-return]


def sequence(*layers: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), *layers, nn.Linear(4, 2))


def saved(network: nn.Module, folder: Path, **metadata: str) -> Path:
    path = folder / "net.safetensors"
    save_file(network.state_dict(), path, metadata)
    return path


@pytest.mark.parametrize(
    ("network", "metadata", "parts"),
    [
        (sequence(nn.ReLU()), {}, ["taken for ReLU"]),
        (sequence(nn.ReLU()), {"activation": "relu"}, []),
        (sequence(nn.Tanh()), {"activation": "nn.Tanh()"}, []),
        (sequence(), {}, ["taken for ReLU"]),
        (nn.Sequential(nn.Linear(3, 2)), {}, []),
        (sequence(nn.BatchNorm1d(4), nn.ReLU()), {"activation": "relu"}, []),
        (nn.ModuleDict({"m1": nn.Linear(3, 4), "m2": nn.BatchNorm1d(4), "m3": nn.Linear(4, 2)}), {}, ["ReLU", "norms"]),
        (Reader(nn.RNN, 2), {}, ["state after the last token", "taken for tanh"]),
        (Reader(nn.RNN, 9), {}, ["taken for tanh"]),
        (Reader(nn.RNN, 9), {"nonlinearity": "relu"}, []),
        (Reader(nn.LSTM, 2), {}, ["state after the last token"]),
        (Reader(nn.GRU, 9), {}, []),
    ],
)
def test_what_is_assumed(network: nn.Module, metadata: dict[str, str], parts: list[str], tmp_path: Path) -> None:
    path = saved(network, tmp_path, **metadata)
    found = open_checkpoint(path).assumed
    assert [part for part in parts if any(part in said for said in found)] == parts
    assert len(found) == len(parts)
    assert describe(path).get("assumed", []) == list(found)


@pytest.mark.parametrize(
    ("network", "inputs", "activation"),
    [
        (sequence(nn.Tanh()), torch.randn(5, 3), "tanh"),
        (sequence(nn.Sigmoid()), torch.randn(5, 3), "Sigmoid"),
        (sequence(nn.ReLU()), torch.randn(5, 3), "relu"),
        (Reader(nn.RNN, 2, nonlinearity="relu"), torch.randint(9, (5, 6)), "relu"),
    ],
)
def test_what_is_declared_is_taken_and_handed_on(
    network: nn.Module, inputs: Tensor, activation: str, tmp_path: Path
) -> None:
    declared = open_checkpoint(saved(network, tmp_path), activation=activation)
    copy = tmp_path / "copy.safetensors"
    write_checkpoint(copy, declared.specs, declared.tensor, declared.inherited())
    for checkpoint in (declared, open_checkpoint(copy)):
        assert not any("activation" in said for said in checkpoint.assumed)
        with torch.no_grad():
            torch.testing.assert_close(checkpoint.network()(inputs), network(inputs))


def test_what_is_made_of_a_network_is_assumed_alike(tmp_path: Path) -> None:
    parent = open_checkpoint(saved(sequence(nn.Tanh()), tmp_path))
    copy = tmp_path / "copy.safetensors"
    write_checkpoint(copy, parent.specs, parent.tensor, parent.inherited())
    assert open_checkpoint(copy).assumed == parent.assumed != ()


@pytest.mark.parametrize(
    ("network", "metadata", "activation", "problem"),
    [
        (sequence(nn.Tanh()), {"activation": "relu"}, "tanh", "says that its activation is relu"),
        (sequence(nn.Tanh()), {}, "tan", "'tan' is no activation"),
        (Reader(nn.RNN, 2), {}, "gelu", "'gelu' is no activation"),
        (Reader(nn.LSTM, 2), {}, "tanh", "has no activation to declare"),
        (nn.Conv2d(3, 2, 3), {}, "tanh", "has no activation to declare"),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused(
    network: nn.Module, metadata: dict[str, str], activation: str, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=problem):
        open_checkpoint(saved(network, tmp_path, **metadata), activation=activation)


def test_a_named_activation_that_nobody_knows_is_not_taken_for_another(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(saved(sequence(nn.LeakyReLU(0.3)), tmp_path, activation="leaky_relu"))
    assert checkpoint.architecture is None
    assert "sets activation to 'leaky_relu'" in checkpoint.reason


def test_the_declaration_is_part_of_the_identity() -> None:
    models = [
        SourceModel(name="net", path="/net", content="c" * 32, activation=activation, network=network)
        for activation in (None, "tanh", "relu")
        for network in (None, "timm:x")
    ]
    assert len({model.identity for model in models}) == len(models)
    assert models[0].identity == models[0].content
