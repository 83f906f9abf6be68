"""Multiply-accumulates of each weight."""

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from graftwork.analysis.models import Architecture
from graftwork.analysis.models.counted import weights_of
from graftwork.analysis.models.macs import macs, macs_by_weight

KNOWN = Architecture("own", "", {}, 3, (4, 6), None, (), "numbers")


class Reader(nn.Module):
    """A recurrent part and a head on every step."""

    def __init__(self) -> None:
        super().__init__()
        self.core = nn.LSTM(6, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> Any:
        return self.head(self.core(x)[0])


def by_weight(network: nn.Module, architecture: Architecture = KNOWN) -> dict[str, float]:
    meta = network.to("meta")  # where torch counts recurrent parts as well
    return macs_by_weight(meta, architecture, list(weights_of(meta)))


def test_a_recurrent_part_is_shared_by_size() -> None:
    assert by_weight(Reader()) == {"core.weight_ih_l0": 4 * 120, "core.weight_hh_l0": 4 * 100, "head.weight": 4 * 15}


def test_what_layers_inside_another_cost_is_theirs() -> None:
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.in_proj_weight = nn.Parameter(torch.ones(18, 6))
            self.out_proj = nn.Linear(6, 6)

        def forward(self, x: torch.Tensor) -> Any:
            return self.out_proj((x @ self.in_proj_weight.T)[..., :6])

    network = nn.Sequential(Attending(), nn.Linear(6, 3))
    found = by_weight(network)
    assert found == {"0.in_proj_weight": 4 * 108, "0.out_proj.weight": 4 * 36, "1.weight": 4 * 18}
    assert sum(found.values()) == macs(network, KNOWN)


def test_a_network_that_is_one_layer() -> None:
    assert by_weight(nn.Linear(6, 3), replace(KNOWN, input_shape=(6,))) == {"weight": 18}
