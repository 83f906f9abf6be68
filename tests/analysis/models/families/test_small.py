"""Recurrent networks and perceptrons as people write them, against their own forward pass."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from graftwork.analysis.models import Checkpoint, open_checkpoint

from ..networks import Reader, stack

TOKENS = torch.randint(0, 19, (4, 7), generator=torch.Generator().manual_seed(0))


def kept(network: nn.Module, folder: Path) -> Checkpoint:
    torch.save(network.state_dict(), folder / "a.pt")
    return open_checkpoint(folder / "a.pt")


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize(("classes", "layers", "both"), [(3, 1, False), (3, 2, True), (19, 2, False)])
def test_recurrent_networks(kind: Any, classes: int, layers: int, both: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Reader(kind, classes, layers, both).eval()
    checkpoint = kept(network, tmp_path)
    architecture = checkpoint.architecture
    assert architecture is not None
    assert (architecture.family, architecture.classes, architecture.vocabulary) == ("recurrent", classes, 19)
    use = "language model" if classes == 19 else "classifier"
    assert architecture.title == f"{'Bidirectional ' * both}{kind.__name__} {use}, {layers} × 5"
    with torch.inference_mode():
        torch.testing.assert_close(checkpoint.network()(TOKENS), network(TOKENS))


@pytest.mark.parametrize(
    ("network", "title"),
    [
        (stack(8, 5, 3), "MLP 8–5–3"),
        (stack(8, 7, 6, 4, norm=True), "MLP 8–7–6–4"),
        (stack(8, 6, 2, bias=False), "MLP 8–6–2"),
        (stack(8, 3), "MLP 8–3"),
    ],
)
def test_perceptrons(network: nn.Sequential, title: str, tmp_path: Path) -> None:
    for module in network:
        if isinstance(module, nn.BatchNorm1d):
            nn.init.uniform_(module.running_mean)  # type: ignore[arg-type]
    checkpoint = kept(network.eval(), tmp_path)
    architecture = checkpoint.architecture
    assert architecture is not None
    assert (architecture.family, architecture.title, architecture.inputs) == ("mlp", title, "numbers")
    x = torch.randn(6, 8)
    with torch.inference_mode():
        torch.testing.assert_close(checkpoint.network()(x), network(x))


def test_layers_are_in_the_order_of_their_numbers_where_a_file_sorts_them_by_name(tmp_path: Path) -> None:
    network = stack(4, 4, 4, 4, 4, 4, 4, norm=True).eval()
    save_file(network.state_dict(), tmp_path / "a.safetensors")
    checkpoint = open_checkpoint(tmp_path / "a.safetensors")
    names = list(checkpoint.specs)
    assert names.index("12.weight") < names.index("3.weight")
    x = torch.randn(6, 4)
    with torch.inference_mode():
        torch.testing.assert_close(checkpoint.network()(x), network(x))


def test_an_activation_is_taken_at_its_word(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)).eval()
    torch.save({"state_dict": network.state_dict(), "activation": "tanh"}, tmp_path / "a.pt")
    x = torch.randn(3, 4)
    with torch.inference_mode():
        torch.testing.assert_close(open_checkpoint(tmp_path / "a.pt").network()(x), network(x))


@pytest.mark.parametrize(
    "state",
    [
        {"a.weight": (3, 4), "b.weight": (2, 5)},
        {"a.weight": (3, 4), "a.bias": (3,), "extra": (2,)},
        {"n.weight": (4,), "n.bias": (4,), "a.weight": (3, 4)},
        {"words.weight": (9, 4), "rnn.weight_ih_l0": (20, 4), "rnn.weight_hh_l0": (20, 5), "rnn.bias_ih_l0": (20,)},
    ],
)
def test_near_misses_are_none(state: dict[str, Any], tmp_path: Path) -> None:
    torch.save({name: torch.ones(shape) for name, shape in state.items()}, tmp_path / "a.pt")
    assert open_checkpoint(tmp_path / "a.pt").architecture is None
