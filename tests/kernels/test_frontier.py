"""Pareto fronts against comparing every pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graftwork.kernels.frontier import Direction, pareto_front, pareto_front_reference

values = st.integers(0, 6).map(float) | st.just(float("nan")) | st.floats(-1e6, 1e6)
directions = st.sampled_from(["higher", "lower"])


@given(st.lists(st.tuples(values, values), max_size=40), st.tuples(directions, directions))
def test_equals_the_reference(points: list[tuple[float, float]], better: tuple[Direction, Direction]) -> None:
    array = np.array(points).reshape(-1, 2)
    np.testing.assert_array_equal(pareto_front(array, better), pareto_front_reference(array, better))


def test_accuracy_against_size() -> None:
    size_accuracy = np.array([[10, 0.5], [20, 0.9], [30, 0.8], [20, 0.9], [5, np.nan]])
    assert pareto_front(size_accuracy, ("lower", "higher")).tolist() == [True, True, False, True, False]


@pytest.mark.parametrize("count", [0, 1])
def test_few_points(count: int) -> None:
    assert pareto_front(np.zeros((count, 2)), ("lower", "lower")).tolist() == [True] * count
