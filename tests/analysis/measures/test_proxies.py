"""Scores that need no training, by hand on networks small enough."""

from collections.abc import Callable
from dataclasses import replace
from math import log10
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from graftwork.analysis.errors import UserError

Make = Callable[..., Any]


def _with(evidence: Any, network: nn.Module, **architecture: Any) -> Any:
    evidence.checkpoint.architecture = replace(evidence.checkpoint.architecture, **architecture)
    return replace(evidence, build=lambda: network)


def test_synflow_of_a_chain_is_its_length_times_its_flow(evidence: Make, values_of: Make) -> None:
    chain = nn.Sequential(*(nn.Linear(a, b, bias=False) for a, b in ((6, 5), (5, 4), (4, 3)))).eval()
    given = _with(evidence(), chain, input_shape=(6,), inputs="numbers")
    flow = torch.ones(6).double()
    for layer in chain:
        flow = layer.weight.detach().double().abs() @ flow  # type: ignore[operator]
    found = values_of("proxy.synflow", given, weights="own")["proxy.synflow"].value
    assert found == pytest.approx(log10(3 * float(flow.sum())))
    assert chain[0].weight.min() < 0  # type: ignore[operator]


def test_initial_weights_are_drawn_by_the_seed_alone(evidence: Make, values_of: Make) -> None:
    first, second = evidence(seed=1), evidence(seed=1)
    second.checkpoint.module.conv.weight.data.mul_(5)
    name = "proxy.synflow"
    assert values_of(name, first)[name] == values_of(name, second)[name]
    assert values_of(name, first)[name] != values_of(name, evidence(seed=2))[name]
    assert values_of(name, first, weights="own")[name] != values_of(name, second, weights="own")[name]
    torch.testing.assert_close(first.build().conv.weight, evidence().build().conv.weight)


def test_gradsign_counts_agreement_by_hand(evidence: Make, values_of: Make) -> None:
    given = evidence(samples=9)
    network = given.build()
    total: dict[str, Any] = {}
    for image, label in zip(given.data.inputs, torch.from_numpy(given.labels), strict=True):
        network.zero_grad()
        F.cross_entropy(network(image[None]), label[None]).backward()
        for name, weight in network.named_parameters():
            total[name] = total.get(name, 0) + weight.grad.sign()
    expected = sum(float(signs.abs().sum()) for signs in total.values())
    found = values_of("proxy.gradsign", given, samples=9, weights="own")["proxy.gradsign"].value
    assert found == expected
    assert 0 < found < 9 * sum(weight.numel() for weight in network.parameters())


def test_equal_samples_agree_fully(evidence: Make, values_of: Make) -> None:
    given = evidence(samples=6, labels=[2] * 6)
    given.data.inputs = given.data.inputs[:1].repeat(6, 1, 1, 1)
    network = given.build()
    F.cross_entropy(network(given.data.inputs[:1]), torch.tensor([2])).backward()
    moving = sum(int(weight.grad.count_nonzero()) for weight in network.parameters())
    assert values_of("proxy.gradsign", given, weights="own")["proxy.gradsign"].value == 6 * moving


def test_a_rotation_keeps_lengths_and_a_factor_scales_them(evidence: Make, values_of: Make) -> None:
    turn = nn.Linear(12, 12, bias=False)
    nn.init.orthogonal_(turn.weight).data.mul_(2.5)
    given = _with(evidence(), nn.Sequential(nn.Flatten(), turn), input_shape=(3, 2, 2))
    found = values_of("proxy.aszero", given, weights="own")["proxy.aszero"]
    assert found.value == pytest.approx(2.5, rel=1e-5)


def test_networks_on_tokens_and_unknown_ones_are_refused(evidence: Make, values_of: Make) -> None:
    given = _with(evidence(), nn.Identity(), inputs="tokens")
    for name in ("proxy.synflow", "proxy.aszero", "invariance"):
        with pytest.raises(UserError):
            values_of(name, given)
    given.checkpoint.architecture = None
    for name in ("proxy.synflow", "proxy.aszero", "proxy.gradsign", "invariance", "flatness", "robustness.bounds"):
        with pytest.raises(UserError, match="not a recognised network"):
            values_of(name, given)
