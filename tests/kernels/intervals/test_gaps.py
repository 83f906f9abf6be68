"""The largest gap between groups' shares: by hand, and its coverage."""

import numpy as np
import pytest
from scipy import stats

from graftwork.kernels.intervals.gaps import largest_gap
from graftwork.kernels.intervals.shares import share_interval

from .coverage import simulated


def test_two_groups_are_added_in_quadrature() -> None:
    one, other = share_interval(18, 20), share_interval(9, 30)
    gap = one.mean - other.mean
    low = gap - np.hypot(one.mean - one.low, other.high - other.mean)
    high = gap + np.hypot(one.high - one.mean, other.mean - other.low)
    assert largest_gap([[18], [9]], [[20], [30]]) == pytest.approx((gap, low, high))


@pytest.mark.parametrize("rates", [(0.9, 0.9), (0.99, 0.9), (0.6, 0.4), (0.98, 0.99), (1.0, 0.95)])
def test_two_groups_are_covered(rates: tuple[float, float]) -> None:
    sizes, truth = np.array([20, 60]), abs(rates[0] - rates[1])
    chances = [stats.binom.pmf(np.arange(n + 1), n, rate) for n, rate in zip(sizes, rates, strict=True)]
    likely = [np.flatnonzero(chance > 1e-4) for chance in chances]
    covered = sum(
        chances[0][i] * chances[1][j]
        for i in likely[0]
        for j in likely[1]
        if (found := largest_gap([[i], [j]], sizes[:, None])) and found.low <= truth <= found.high + 1e-12
    )
    assert covered > 0.95


@pytest.mark.parametrize(
    "rates", [np.full((5, 4), 0.9), np.linspace(0.7, 0.95, 12).reshape(3, 4)], ids=["equal", "apart"]
)
def test_many_groups_and_columns_are_covered(rates: np.ndarray) -> None:
    hits = np.random.default_rng(0).binomial(60, rates, (400, *rates.shape))
    truth = float(np.ptp(rates, axis=0).max())
    assert simulated((largest_gap(table, [[60]]), truth) for table in hits).probability > 0.94


def test_groups_without_samples_are_left_out() -> None:
    assert largest_gap([[0], [5]], [[0], [9]]) is None
    assert largest_gap([[0, 1], [5, 1], [2, 0]], [[0, 2], [9, 2], [4, 0]]) == largest_gap(
        [[5, 1], [2, 1]], [[9, 2], [4, 2]]
    )
