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


@pytest.mark.parametrize("name", ["proxy.synflow", "proxy.gradsign", "proxy.aszero"])
def test_what_was_pruned_away_is_not_there_at_the_start(name: str, evidence: Make, values_of: Make) -> None:
    dense, sparse = evidence(samples=9), evidence(samples=9)
    with torch.no_grad():
        sparse.checkpoint.module.conv.weight[::2] = 0
    assert values_of(name, sparse)[name].value < values_of(name, dense)[name].value


def test_the_mask_alone_matters_not_the_values(evidence: Make, values_of: Make) -> None:
    found = []
    for factor in (1, 5):
        given = evidence()
        with torch.no_grad():
            given.checkpoint.module.conv.weight[:3] = 0
            given.checkpoint.module.conv.weight.mul_(factor)
        found.append(values_of("proxy.synflow", given)["proxy.synflow"].value)
    assert found[0] == found[1]


def test_vectors_that_begin_at_zero_are_no_mask(evidence: Make, values_of: Make) -> None:
    plain, zeroed = evidence(), evidence()
    with torch.no_grad():
        zeroed.checkpoint.module.norm.weight.zero_()
        zeroed.checkpoint.module.head.bias.zero_()
    name = "proxy.synflow"
    assert values_of(name, plain)[name] == values_of(name, zeroed)[name]


def test_gradsign_counts_no_weight_that_was_pruned_away(evidence: Make, values_of: Make) -> None:
    given = evidence(samples=6, labels=[2] * 6)
    given.data.inputs = given.data.inputs[:1].repeat(6, 1, 1, 1)
    network = given.build()
    with torch.no_grad():
        network.head.weight[:, ::2] = 0
    F.cross_entropy(network(given.data.inputs[:1]), torch.tensor([2])).backward()
    moving = sum(int(weight.grad.count_nonzero()) for weight in network.parameters())
    moving -= int(network.head.weight.grad[:, ::2].count_nonzero())
    assert values_of("proxy.gradsign", given, weights="own")["proxy.gradsign"].value == 6 * moving
