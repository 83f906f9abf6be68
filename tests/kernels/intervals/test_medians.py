"""Intervals of medians between two of the values."""

import numpy as np
import pytest
from scipy import stats

from graftwork.kernels.intervals.medians import median_interval


@pytest.mark.parametrize("size", [6, 9, 30, 101])
def test_ranks_hold_the_median_just_often_enough(size: int) -> None:
    found = median_interval(np.random.default_rng(0).permutation(size))
    assert found
    assert found.low + found.high == size - 1
    assert found.mean == (size - 1) / 2
    below = stats.binom.cdf(np.array([found.low, found.low + 1]), size, 0.5)
    assert below[0] <= 0.025 < below[1]


@pytest.mark.parametrize("size", [0, 1, 5])
def test_few_values_hold_it_less_often(size: int) -> None:
    assert median_interval(np.arange(size)) is None
