"""Invariance and interval bounds on networks whose answer is known."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.errors import UserError

Make = Callable[..., Any]


class Head(nn.Module):
    """Features of one's own, then a linear head."""

    def __init__(self, features: Callable[[Tensor], Tensor], width: int) -> None:
        super().__init__()
        self.features = features
        self.head = nn.Linear(width, 7)

    def forward(self, x: Tensor) -> Any:
        return self.head(self.features(x))


def _values(evidence: Any, features: Callable[[Tensor], Tensor], width: int, values_of: Make, **parameters: Any) -> Any:
    network = Head(features, width).eval()
    found = values_of("invariance", replace(evidence, build=lambda: network), **parameters)
    return {name.split(".")[1]: value.value for name, value in found.items()}


def test_features_that_forget_places_are_invariant_to_mirroring(evidence: Make, values_of: Make) -> None:
    found = _values(evidence(), lambda x: x.mean((2, 3)), 3, values_of)
    assert found["mirror"] == pytest.approx(0, abs=1e-6)
    assert found["shift"] > 0.1
    assert found["fade"] > 0.01


def test_features_that_forget_contrast_are_invariant_to_fading(evidence: Make, values_of: Make) -> None:
    def flat(x: Tensor) -> Tensor:
        centred = x - x.mean((1, 2, 3), keepdim=True)
        return (centred / centred.std((1, 2, 3), keepdim=True)).flatten(1)

    found = _values(evidence(), flat, 108, values_of)
    assert found["fade"] == pytest.approx(0, abs=1e-5)
    assert found["mirror"] == pytest.approx(1, rel=0.1)  # a mirrored image of noise is as good as another image


def test_more_of_a_change_moves_features_more(evidence: Make, values_of: Make) -> None:
    little = _values(evidence(), lambda x: x.flatten(1), 108, values_of, turn=2, shift=0.01, fade=0.95, noise=0.01)
    much = _values(evidence(), lambda x: x.flatten(1), 108, values_of, turn=90, shift=0.5, fade=0.1, noise=1)
    assert all(little[name] < much[name] for name in ("turn", "shift", "fade", "noise"))


def test_a_quarter_turn_is_that_of_numpy(evidence: Make, values_of: Make) -> None:
    given = evidence()
    given.data.inputs = (given.data.inputs + given.data.inputs.rot90(2, (2, 3))) / 2  # the same after a half turn
    found = _values(given, lambda x: x.flatten(1), 108, values_of, turn=180, changes=["turn"])
    assert found == {"turn": pytest.approx(0, abs=1e-4)}


def test_constant_features_have_no_distance(evidence: Make, values_of: Make) -> None:
    with pytest.raises(UserError, match="same features"):
        _values(evidence(), lambda x: x.new_ones(len(x), 2), 2, values_of)


def test_bounds_of_linear_networks_by_hand(evidence: Make, values_of: Make) -> None:
    first, second = nn.Linear(108, 9), nn.Linear(9, 7)
    given = replace(evidence(), build=lambda: nn.Sequential(nn.Flatten(), first, second))
    found = values_of("robustness.bounds", given, radius=1e-3)
    exact = (second.weight @ first.weight).abs().sum(1)
    bounds = (second.weight.abs() @ first.weight.abs()).sum(1)
    expected = (exact / bounds).log10().detach()[torch.from_numpy(given.labels)].mean()
    assert expected < -0.1
    assert found["robustness.bounds.tightness"].value == pytest.approx(expected.item(), rel=1e-5)
    single = replace(given, build=lambda: nn.Sequential(nn.Flatten(), nn.Linear(108, 7)))
    assert values_of("robustness.bounds", single)["robustness.bounds.tightness"].value == pytest.approx(0, abs=1e-9)


def test_certified_accuracy_falls_from_accuracy_to_nothing(evidence: Make, values_of: Make) -> None:
    given = evidence()
    accuracy = (given.build()(given.data.inputs).argmax(1).numpy() == given.labels).mean()
    certified = [
        values_of("robustness.bounds", given, radius=radius)["robustness.bounds.accuracy"].value
        for radius in (1e-7, 0.01, 10)
    ]
    assert certified[0] == pytest.approx(accuracy)
    assert certified[0] >= certified[1] >= certified[2] == 0
