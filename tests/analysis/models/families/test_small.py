"""Recurrent networks and perceptrons as people write them, against their own forward pass."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.models import Checkpoint, open_checkpoint

TOKENS = torch.randint(0, 19, (4, 7), generator=torch.Generator().manual_seed(0))


class Reader(nn.Module):
    """A classifier of the final state, or a language model."""

    def __init__(self, kind: Any, classes: int, layers: int = 1, both: bool = False) -> None:
        super().__init__()
        self.words = nn.Embedding(19, 6)
        self.rnn = kind(6, 5, layers, batch_first=True, bidirectional=both)
        self.out = nn.Linear(10 if both else 5, classes)
        self.speaks = classes == 19

    def forward(self, tokens: Tensor) -> Tensor:
        outputs, state = self.rnn(self.words(tokens))
        state = state[0] if isinstance(state, tuple) else state
        if self.speaks:
            logits: Tensor = self.out(outputs)
        elif self.rnn.bidirectional:
            logits = self.out(torch.cat([state[-2], state[-1]], 1))
        else:
            logits = self.out(state[-1])
        return logits


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


def stack(*sides: int, norm: bool = False, bias: bool = True) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number, (before, after) in enumerate(pairwise(sides)):
        layers.append(nn.Linear(before, after, bias))
        if number < len(sides) - 2:
            layers += [nn.BatchNorm1d(after)] * norm + [nn.ReLU()]
    return nn.Sequential(*layers)


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
