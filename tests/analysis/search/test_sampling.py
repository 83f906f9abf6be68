"""Optuna's samplers on functions that take no time."""

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.recipe import Span
from graftwork.analysis.search.sampling import Sample, sample
from graftwork.analysis.search.space import Choice, Number

SPACE = (
    Number("s", "x", Span(low=0, high=1), whole=False),
    Number("s", "y", Span(low=0, high=1), whole=False),
    Number("s", "z", Span(low=0, high=1), whole=False),
)


def zdt1(point: Any) -> tuple[float, float]:
    """Zitzler, Deb and Thiele 2000: the front lies where all but the first are zero."""
    x, *rest = (point[f"s.{name}"] for name in "xyz")
    g = 1 + 9 * sum(rest) / len(rest)
    return x, g * (1 - (x / g) ** 0.5)


def covered(costs: Sequence[tuple[float, float]], corner: float = 2.0) -> float:
    """Return the area below a corner that points dominate."""
    area, height = 0.0, corner
    for x, y in sorted(costs):
        area += max(0.0, corner - x) * max(0.0, height - y)
        height = min(height, y)
    return area


def search(sampler: str, trials: int, seed: int) -> list[tuple[float, float]]:
    tried: list[Sample] = []
    while len(tried) < trials:
        point = sample(sampler, SPACE, tried, 2, seed)[0]
        tried.append(Sample(point, zdt1(point)))
    return [one.costs for one in tried if one.costs]  # type: ignore[misc]


def test_covered_area_by_hand() -> None:
    assert covered([(0, 1), (1, 0), (1, 1)]) == 3


@pytest.mark.parametrize("sampler", ["nsga2", "tpe"])
def test_samplers_find_a_better_front_than_chance(sampler: str) -> None:
    seeds = range(2)
    found = np.mean([covered(search(sampler, 60, seed)) for seed in seeds])
    chance = np.mean([covered(search("random", 60, seed)) for seed in seeds])
    assert found > chance


def test_bounds_draw_the_search_to_where_they_hold() -> None:
    tried: list[Sample] = []
    for _ in range(40):
        point = sample("tpe", SPACE, tried, 1, 0)[0]
        tried.append(Sample(point, (-point["s.x"],), (point["s.x"] - 0.3,)))
    late = [one.point["s.x"] for one in tried[20:]]
    assert np.mean([x <= 0.3 for x in late]) > 0.5  # three in ten would be chance


def test_spans_steps_whole_numbers_and_choices_are_kept_to() -> None:
    space = (
        Number("s", "log", Span(low=1e-4, high=1, log=True), whole=False),
        Number("s", "step", Span(low=0.1, high=0.9, step=0.2), whole=False),
        Number("s", "whole", Span(low=1, high=9), whole=True),
        Choice("s", "layers", (["fc"], ["conv1", "fc"])),
    )
    points = sample("random", space, [], 1, 0, count=200)
    assert 0.3 < np.mean([point["s.log"] < 1e-2 for point in points]) < 0.7
    assert {round(point["s.step"], 6) for point in points} == {0.1, 0.3, 0.5, 0.7, 0.9}
    assert {point["s.whole"] for point in points} == set(range(1, 10))
    assert all(isinstance(point["s.whole"], int) for point in points)
    again = sample("tpe", space, [Sample(point, (1.0,)) for point in points[:3]], 1, 0)
    assert again[0]["s.layers"] in (["fc"], ["conv1", "fc"])


def test_points_that_are_asked_together_differ() -> None:
    tried = [Sample(point, zdt1(point)) for point in sample("random", SPACE, [], 2, 0, count=12)]
    points = sample("tpe", SPACE, tried, 2, 0, count=3)
    assert len({str(point) for point in points}) == 3


def test_without_optuna_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "optuna":
            raise ImportError("No module named 'optuna'", name="optuna")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(UserError, match=r"needs the package 'optuna'. Install it with: pip install '\S+\[search\]'"):
        sample("tpe", SPACE, [], 1, 0)
