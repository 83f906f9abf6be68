"""Ratios of sums over the same samples."""

import numpy as np
import pytest
from scipy import stats

from graftwork.kernels.intervals.ratios import mean_ratio, ratio_interval

from .coverage import simulated


def errors(rng: np.random.Generator, size: int, ratio: float, tests: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Return errors out of 5 of two models on the same samples: own so many times as likely as the other's."""
    rate = rng.beta(0.5, 1.5, (size, 1)) / max(ratio, 1)
    return rng.binomial(5, np.tile(rate * ratio, tests)), rng.binomial(5, np.tile(rate, tests))


def test_one_test_is_the_delta_method_by_hand() -> None:
    own, other = np.array([1.0, 3.0, 2.0, 6.0]), np.array([2.0, 2.0, 4.0, 4.0])
    found = ratio_interval(own[:, None], other[:, None])
    error = np.std(own - other, ddof=1) / 2 / other.mean()  # of the ratio, which is 1
    reach = stats.t.ppf(0.975, 3) * error
    assert found == pytest.approx((1, np.exp(-reach), np.exp(reach)))


@pytest.mark.parametrize("size", [20, 50, 200])
@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.5])
def test_ratios_are_covered(size: int, ratio: float) -> None:
    rng = np.random.default_rng(size)
    assert simulated((ratio_interval(*errors(rng, size, ratio)), ratio) for _ in range(500)).probability > 0.92


def test_ratios_turn_round() -> None:
    own, other = errors(np.random.default_rng(0), 100, 1.2, tests=1)
    mean, low, high = ratio_interval(own, other) or pytest.fail("there is one")
    assert ratio_interval(other, own) == pytest.approx((1 / mean, 1 / high, 1 / low))


def test_nothing_is_said_of_a_ratio_that_never_varies_and_one_over_nothing_is_none() -> None:
    other = np.random.default_rng(0).integers(1, 4, (50, 2))
    assert mean_ratio(2 * other, other) == 2
    assert ratio_interval(2 * other, other) is None
    assert mean_ratio(0 * other, other) == 0
    assert ratio_interval(0 * other, other) is None
    assert mean_ratio(other, other * [1, 0]) is None
    assert ratio_interval(other, other * [1, 0]) is None
