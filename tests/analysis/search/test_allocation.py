"""Allocations against trying every combination."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from graftwork.analysis.errors import UserError
from graftwork.analysis.search import allocation
from graftwork.analysis.search.allocation import Curve, allocate, allocate_reference, monotone

Points = dict[float, float]

points = some.dictionaries(some.sampled_from([0.02, 0.04, 0.06]), some.floats(-1, 5), min_size=1)
layers = some.lists(some.tuples(points, some.integers(1, 1000)), min_size=1, max_size=4)


def layer(points: Points) -> Curve:
    return monotone(points)


@given(layers, some.floats(0, 1))
@settings(max_examples=60)
def test_no_combination_is_better(given: list[tuple[Points, int]], tightness: float) -> None:
    curves = {str(place): layer(points) for place, (points, _) in enumerate(given)}
    costs = {str(place): float(cost) for place, (_, cost) in enumerate(given)}
    least = sum(costs[name] * (1 - curve.amounts[-1]) for name, curve in curves.items())
    budget = least + tightness * (sum(costs.values()) - least)
    found, expected = allocate(curves, costs, budget), allocate_reference(curves, costs, budget)
    assert found.damage == pytest.approx(expected.damage, abs=1e-9)
    assert found.cost <= budget * (1 + 1e-6)
    assert found.cost == pytest.approx(sum(costs[name] * (1 - a) for name, a in found.amounts.items()))
    assert found.damage == pytest.approx(sum(float(curves[n].at(np.array(a))) for n, a in found.amounts.items()))


def test_thinned_out_states_keep_the_budget_and_nearly_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = np.random.default_rng(0)
    amounts = [0.3, 0.5, 0.7, 0.9, 0.99]
    names = [str(place) for place in range(12)]
    curves = {n: monotone(dict(zip(amounts, np.sort(draws.gamma(1, 1, 5)), strict=True))) for n in names}
    costs = {n: float(draws.integers(1_000, 100_000)) for n in names}
    budget = 0.3 * sum(costs.values())
    fine = allocate(curves, costs, budget)
    monkeypatch.setattr(allocation, "_STATES", 300)
    coarse = allocate(curves, costs, budget)
    assert coarse.cost <= budget * (1 + 1e-6)
    assert fine.damage <= coarse.damage <= 1.2 * fine.damage


def test_a_curve_begins_at_zero_and_never_falls() -> None:
    curve = monotone({0.9: 1.0, 0.5: -0.2, 0.7: 1.5})
    assert curve.amounts.tolist() == [0, 0.5, 0.7, 0.9]
    assert curve.damages.tolist() == [0, 0, 1.5, 1.5]
    assert curve.at(np.array([0.6, 0.25])).tolist() == pytest.approx([0.75, 0])


def test_what_is_measured_at_zero_is_no_damage() -> None:
    assert monotone({0.0: 3.0, 0.5: 1.0}).damages.tolist() == [0, 1]


def test_a_budget_below_what_was_scanned_is_refused() -> None:
    with pytest.raises(UserError, match="leave 50 % of the cost, and the budget is 20 %"):
        allocate({"fc": monotone({0.5: 1.0})}, {"fc": 10.0}, 2.0)
