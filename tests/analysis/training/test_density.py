"""Tuning for few activations."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from graftwork.analysis.data import Prepared
from graftwork.analysis.errors import UserError
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.training.looking import Activations, demand_activations

from .conftest import DEMO, apply, context_of

SHORT = {"steps": 30, "batch": 40, "learning_rate": 0.01, "optimiser": "adamw"}


@pytest.mark.parametrize(("network", "layers", "left"), [("digits-resnet8", 7, 0.9), ("digits-vit", 4, 0.985)])
def test_the_density_falls(network: str, layers: int, left: float, digits: Prepared) -> None:
    parent = open_checkpoint(DEMO / f"{network}.safetensors")
    made = apply("regularise.density", parent, context_of(digits), **SHORT, weight=2.0, threshold=0.05)
    before, after = made.facts["density_before"], made.facts["density_after"]
    assert len(before) == len(after) == layers
    assert np.mean(after) < left * np.mean(before)


def test_a_heavier_price_leaves_fewer_activations(dense: Checkpoint, digits: Prepared) -> None:
    light, heavy = (
        np.mean(apply("regularise.density", dense, context_of(digits), **SHORT, weight=w).facts["density_after"])
        for w in (1e-6, 3.0)
    )
    assert heavy < 0.9 * light


def test_activations_are_seen_as_functions_and_as_modules() -> None:
    x = torch.randn(3, 4)
    modules = nn.Sequential(nn.ReLU(), nn.GELU(), nn.Tanh(), nn.SiLU())
    with Activations() as seen:
        torch.relu(x)
        x.relu()
        F.relu(x)
        modules(x)
    expected = [x.relu()] * 4 + [F.gelu(x.relu()), F.silu(F.gelu(x.relu()).tanh())]
    assert len(seen.values) == len(expected)
    assert all(torch.equal(a, b) for a, b in zip(seen.values, expected, strict=True))
    F.relu(x)
    assert len(seen.values) == len(expected)


def test_the_density_of_a_network_is_counted_on_its_activations(dense: Checkpoint, digits: Prepared) -> None:
    network, inputs = dense.network(), digits.take(np.arange(10))
    with torch.no_grad(), Activations() as seen:
        network(inputs)
    first = F.relu(network.bn1(network.conv1(inputs)))  # type: ignore[operator]
    torch.testing.assert_close(seen.values[0], first)


def test_a_network_without_activations_is_refused() -> None:
    with pytest.raises(UserError, match="no activation function"):
        demand_activations([], "a.safetensors")
