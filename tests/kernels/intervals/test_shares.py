"""Intervals of shares: against scipy, and their coverage over all outcomes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graftwork.kernels.intervals.shares import (
    bounded_interval,
    least_share,
    mean_share,
    share_bounds,
    share_interval,
)

from .coverage import RATES, SIZES, of_share, simulated


@given(st.integers(1, 5000).flatmap(lambda size: st.tuples(st.integers(0, size), st.just(size))))
def test_bounds_are_scipys(counts: tuple[int, int]) -> None:
    hits, size = counts
    found = share_interval(hits, size)
    expected = stats.binomtest(hits, size).proportion_ci(method="wilsoncc")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.low <= found.mean <= found.high
    assert found.high - found.low > 0.5 / size


@pytest.mark.parametrize("size", [5, *SIZES])
def test_every_share_is_covered(size: int) -> None:
    bounds = share_bounds(np.arange(size + 1), size)
    rates = (*RATES, *(1 - np.geomspace(0.5, 0.01 / size, 200)))
    assert min(of_share(size, rate, bounds).probability for rate in rates) > 0.948


def test_a_wider_level_lies_around_a_narrower_one() -> None:
    hits = np.arange(51)
    low, high = share_bounds(hits, 50, 0.8)
    lower, higher = share_bounds(hits, 50, 0.999)
    assert (lower <= low).all()
    assert (higher >= high).all()
    assert (higher - lower > high - low).all()


def test_fractions_that_are_0_or_1_are_a_share() -> None:
    for hits in (0, 2, 25, 50):
        right = np.arange(50) < hits
        assert bounded_interval(right) == pytest.approx(share_interval(hits, 50))


def test_what_all_agree_on_is_not_all_that_is_known() -> None:
    assert bounded_interval(np.ones(50)) == pytest.approx(share_interval(50, 50))
    for values in (np.full(50, 0.7), np.r_[np.ones(49), 0.9]):
        found = bounded_interval(values)
        assert found
        assert found.low + 0.01 < found.mean < found.high


def test_bounds_other_than_0_and_1_scale() -> None:
    values = np.random.default_rng(0).random(40)
    own, scaled = bounded_interval(values), bounded_interval(4 * values - 2, -2, 2)
    assert own
    assert scaled == pytest.approx(tuple(4 * number - 2 for number in own))
    assert bounded_interval(np.array([0.5, np.nan])) is None


@pytest.mark.parametrize("size", [10, 20, 50, 200, 1000])
@pytest.mark.parametrize(("a", "b"), [(1, 1), (0.3, 0.1), (2, 0.05), (20, 0.02)], ids=lambda shape: f"{shape}")
def test_fractions_of_15_tests_are_covered(size: int, a: float, b: float) -> None:
    rng = np.random.default_rng(size)
    right = rng.binomial(15, rng.beta(a, b, (400, size))) / 15
    assert simulated((bounded_interval(row), a / (a + b)) for row in right).probability > 0.93


def test_the_least_of_equal_shares_is_covered() -> None:
    rng = np.random.default_rng(0)
    hits = rng.binomial(40, 0.9, (600, 8))
    assert simulated((least_share(row, np.full(8, 40)), 0.9) for row in hits).probability > 0.94
    apart = rng.binomial(40, [0.95, 0.95, 0.6], (600, 3))
    assert simulated((least_share(row, np.full(3, 40)), 0.6) for row in apart).probability > 0.94
    assert least_share([18], [20]) == share_interval(18, 20)


def test_a_mean_of_shares_is_covered() -> None:
    sizes, rates = np.array([10, 40, 200]), np.array([0.98, 0.9, 0.6])
    hits = np.random.default_rng(0).binomial(sizes, rates, (600, 3))
    assert simulated((mean_share(row, sizes), rates.mean()) for row in hits).probability > 0.94
    assert mean_share([18], [20]) == pytest.approx(share_interval(18, 20))


def test_no_samples_have_no_share() -> None:
    with pytest.raises(ValueError, match="at least one"):
        share_interval(0, 0)
    with pytest.raises(ValueError, match="at least one"):
        bounded_interval(np.zeros(0))
