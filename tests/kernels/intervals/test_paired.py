"""Paired differences of shares: against the likelihood itself, and their coverage over all tables."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq, minimize_scalar

from graftwork.kernels.intervals.paired import difference_bounds, difference_interval, paired_interval
from graftwork.kernels.intervals.shares import bounded_interval

from .coverage import SIZES, differences


def score(first: int, second: int, size: int, difference: float) -> float:
    """Return Tango's statistic with the rates that maximise the likelihood of the table, found by search."""

    def surprise(rate: float) -> float:
        shares = np.array([rate, rate + difference, 1 - 2 * rate - difference])
        counts = np.array([first, second, size - first - second])
        return -float(counts @ np.log(np.maximum(shares, 1e-300)))

    least, most = max(0.0, -difference), (1 - difference) / 2
    rate = minimize_scalar(surprise, bounds=(least, most), method="bounded", options={"xatol": 1e-13}).x
    return float((second - first - size * difference) / np.sqrt(size * (2 * rate + difference * (1 - difference))))


@pytest.mark.parametrize("table", [(12, 30, 100), (1, 3, 44), (40, 2, 60), (5, 5, 1000), (3, 1, 10)])
def test_bounds_are_where_the_score_rejects(table: tuple[int, int, int]) -> None:
    found = difference_interval(*table)
    z = stats.norm.ppf(0.975)
    assert found.low == pytest.approx(brentq(lambda d: score(*table, d) - z, -0.999, found.mean - 1e-9), abs=1e-5)
    assert found.high == pytest.approx(brentq(lambda d: score(*table, d) + z, found.mean + 1e-9, 0.999), abs=1e-5)


@pytest.mark.parametrize("size", [1, 10, 44, 10_000])
def test_models_that_agree_throughout_may_differ_elsewhere(size: int) -> None:
    z2 = stats.norm.ppf(0.975) ** 2
    assert difference_interval(0, 0, size) == pytest.approx((0, -z2 / (size + z2), z2 / (size + z2)))


def test_swapping_the_models_turns_the_interval_round() -> None:
    mean, low, high = difference_interval(4, 9, 80)
    assert difference_interval(9, 4, 80) == pytest.approx((-mean, -high, -low))


@pytest.mark.parametrize("size", SIZES)
def test_every_difference_is_covered(size: int) -> None:
    found = [each.probability for *_, each in differences(size, lambda b, c: difference_bounds(b, c, size))]
    assert min(found) > 0.93
    assert np.mean(found) > 0.95


def test_agreement_narrows_the_interval() -> None:
    alike, unlike = difference_interval(10, 20, 1000), difference_interval(100, 110, 1000)
    assert alike.mean == unlike.mean
    assert alike.high - alike.low < (unlike.high - unlike.low) / 2


def test_each_samples_difference_is_counted_or_averaged() -> None:
    signs = np.array([-1, 0, 0, 1, 1, 0])
    assert paired_interval(signs) == paired_interval(signs.astype(float)) == difference_interval(1, 2, 6)
    halves = np.array([-0.5, 0, 0, 1, 1, 0])
    assert paired_interval(halves) == bounded_interval(halves, -1, 1)
    assert paired_interval(np.array([0.5, np.nan])) is None


def test_no_samples_have_no_difference() -> None:
    with pytest.raises(ValueError, match="at least one"):
        paired_interval(np.zeros(0))
