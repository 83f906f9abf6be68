"""Multiply-accumulates of each weight, and of what torch fuses."""

from typing import Any

import pytest
import torch
from torch import nn

from graftwork.analysis.models.counted import weights_of
from graftwork.analysis.models.macs import macs, macs_by_weight


class Reader(nn.Module):
    """A recurrent part and a head on every step."""

    def __init__(self) -> None:
        super().__init__()
        self.core = nn.LSTM(6, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> Any:
        return self.head(self.core(x)[0])


def by_weight(network: nn.Module, *shape: int) -> dict[str, float]:
    return macs_by_weight(network, torch.zeros(1, *shape), list(weights_of(network)))


def test_a_recurrent_part_is_shared_by_size() -> None:
    assert by_weight(Reader(), 4, 6) == {
        "core.weight_ih_l0": 4 * 120,
        "core.weight_hh_l0": 4 * 100,
        "head.weight": 4 * 15,
    }


def test_what_layers_inside_another_cost_is_theirs() -> None:
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.in_proj_weight = nn.Parameter(torch.ones(18, 6))
            self.out_proj = nn.Linear(6, 6)

        def forward(self, x: torch.Tensor) -> Any:
            return self.out_proj((x @ self.in_proj_weight.T)[..., :6])

    network = nn.Sequential(Attending(), nn.Linear(6, 3))
    found = by_weight(network, 4, 6)
    assert found == {"0.in_proj_weight": 4 * 108, "0.out_proj.weight": 4 * 36, "1.weight": 4 * 18}
    assert sum(found.values()) == macs(network, torch.zeros(1, 4, 6))


def test_a_network_that_is_one_layer() -> None:
    assert by_weight(nn.Linear(6, 3), 6) == {"weight": 18}


class Attending(nn.Module):
    """Attention whose outputs a vector weighs."""

    def __init__(self) -> None:
        super().__init__()
        self.core = nn.MultiheadAttention(8, 2, batch_first=True)
        self.vector = nn.Parameter(torch.ones(8))

    def forward(self, x: torch.Tensor) -> Any:
        return self.core(x, x, x, need_weights=False)[0] @ self.vector


# Nine steps; attention: its three projections, its two products, and the fourth.
ATTENDED = 9 * 8 * 24 + 2 * 9 * 9 * 8 + 9 * 8 * 8
FUSED = {
    "attention and a vector": (Attending, 8, ATTENDED + 9 * 8),
    "a transformer's layer": (lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 8, ATTENDED + 9 * 256),
    "an LSTM both ways": (lambda: nn.LSTM(6, 5, bidirectional=True, batch_first=True), 6, 2 * 9 * 20 * (6 + 5)),
    "a recurrent network": (lambda: nn.RNN(6, 5, batch_first=True), 6, 9 * 5 * (6 + 5)),
}


@pytest.mark.parametrize("kind", FUSED)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_what_torch_fuses_is_counted_on_every_device(kind: str, device: str) -> None:
    make, width, expected = FUSED[kind]
    assert macs(make().to(device), torch.zeros(1, 9, width)) == expected
