"""Weighted samples: what they say as much as, and how often the intervals of their means hold the true value."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import skew

from graftwork.kernels.calibration import equal_width, reliability, reliability_reference
from graftwork.kernels.intervals import Interval
from graftwork.kernels.intervals.binned import binned_interval
from graftwork.kernels.intervals.effective import (
    effective_counts,
    effective_size,
    linearised,
    weighted_counts,
    weighted_moments,
)
from graftwork.kernels.intervals.means import mean_interval
from graftwork.kernels.intervals.paired import paired_interval
from graftwork.kernels.intervals.ratios import ratio_interval
from graftwork.kernels.intervals.shares import bounded_interval, hits_interval

from .coverage import WEIGHTS, Draw, simulated

Floats = NDArray[np.float64]
Method = Callable[[Floats, Floats | None], Interval | None]

RNG = np.random.default_rng(0)
NUMBERS = RNG.exponential(size=40)
METHODS: dict[str, tuple[Method, Floats]] = {
    "mean": (mean_interval, NUMBERS),
    "share": (lambda values, weights: hits_interval(values > 0, weights), (NUMBERS > 1).astype(float)),
    "bounded": (lambda values, weights: bounded_interval(values, 0, 1, weights), np.exp(-NUMBERS)),
    "paired": (paired_interval, np.sign(np.round(RNG.normal(size=40)))),
    "fractions apart": (paired_interval, RNG.random(40) - 0.4),
    "ratio": (lambda values, weights: ratio_interval(values[:, None], NUMBERS[:, None] + 1, weights), RNG.random(40)),
}


def test_a_tenfold_weight_leaves_fewer_samples() -> None:
    values, weights = np.array([0.0, 1.0, 0.0, 1.0]), np.array([1.0, 1.0, 10.0, 10.0])
    assert effective_size(values, np.ones(4)) == pytest.approx(4)
    assert effective_size(values, weights) == pytest.approx(22**2 / 202)  # Kish: the heavy lie as the others do
    far = np.array([0.0, 0.0, 0.0, 1.0])  # a heavy one that lies far off leaves fewer still
    mean = 10 / 22
    heavy = (weights**2 * (far - mean) ** 2).sum() / 22**2
    assert effective_size(far, weights) == pytest.approx(mean * (1 - mean) / heavy)
    assert effective_size(far, weights) < 22**2 / 202


def test_moments_of_equal_weights_are_the_usual_ones() -> None:
    mean, spread, skewness, size = weighted_moments(NUMBERS, np.full(40, 0.3))
    assert (mean, spread, size) == pytest.approx((NUMBERS.mean(), NUMBERS.std(ddof=1), 40))
    assert skewness == pytest.approx(float(skew(NUMBERS)))


def test_counts_of_cells_are_those_of_their_samples() -> None:
    hits, weights, cells = NUMBERS > 1, RNG.random(40), np.arange(40) % 3
    sums = [np.bincount(cells, own, 4) for own in (weights * hits, weights, weights**2 * hits, weights**2)]
    found, sizes = effective_counts(*sums)
    for cell in range(3):
        told = weighted_counts(hits[cells == cell], weights[cells == cell])
        assert (found[cell], sizes[cell]) == pytest.approx(told)
    assert (found[3], sizes[3]) == (0, 0)


def test_linearised_numbers_have_the_weighted_mean_and_its_error() -> None:
    weights = RNG.random(40)
    told = linearised(NUMBERS, weights)
    assert told.mean() == pytest.approx(np.average(NUMBERS, weights=weights))
    apart = weights * (NUMBERS - told.mean())
    assert told.std() / 40**0.5 == pytest.approx(float(np.sqrt((apart**2).sum()) / weights.sum()))
    assert linearised(NUMBERS, None) is NUMBERS


@pytest.mark.parametrize("kind", METHODS)
def test_equal_weights_change_nothing(kind: str) -> None:
    method, values = METHODS[kind]
    plain = method(values, None)
    assert plain
    for weight in (1.0, 0.25):
        assert method(values, np.full(40, weight)) == pytest.approx(plain)


@pytest.mark.parametrize("kind", METHODS)
def test_weights_move_the_mean_and_make_the_interval_longer(kind: str) -> None:
    method, values = METHODS[kind]
    weights = np.where(np.arange(40) % 4, 1.0, 9.0)
    plain, found, scaled = method(values, None), method(values, weights), method(values, weights / 9)
    assert plain
    assert found
    assert found.mean != pytest.approx(plain.mean)
    assert found.high - found.low > 1.1 * (plain.high - plain.low)
    assert scaled == pytest.approx(found)


def test_a_single_sample_with_all_the_weight_says_little() -> None:
    weights = np.array([1.0, 1e-12, 1e-12])
    share = hits_interval(np.array([True, False, True]), weights)
    assert share
    assert share.mean == pytest.approx(1)
    assert share.high - share.low > 0.9
    assert mean_interval(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1e-300, 1e-300])) is None


def test_samples_that_all_agree_are_as_many_as_their_weights_make_them() -> None:
    found = hits_interval(np.ones(20, bool), np.where(np.arange(20) < 10, 1.0, 9.0))
    fewer = hits_interval(np.ones(12, bool))  # (10 + 90)² / (10 + 810) = 12.2
    assert found
    assert fewer
    assert found.mean == 1
    assert 0 < found.low - fewer.low < 0.01


def test_nothing_is_the_share_of_nothing() -> None:
    assert hits_interval(np.zeros(0, bool)) is None
    assert hits_interval(np.ones(3, bool), np.zeros(3)) is None
    assert hits_interval(np.ones(3, bool), None, np.zeros(3, bool)) is None
    assert hits_interval(np.ones(3, bool), np.array([0.0, 0.0, 1.0]), np.array([True, True, False])) is None


def test_weighted_calibration_errors_are_those_of_weighted_gaps() -> None:
    confidence, right, places = NUMBERS / NUMBERS.max(), NUMBERS > 1, np.arange(40) % 4
    weights = RNG.random(40)
    expected = reliability_reference(confidence, right, places, 4, weights).error
    assert binned_interval(confidence, right, places, weights).mean == pytest.approx(expected)
    plain = binned_interval(confidence, right, places)
    assert binned_interval(confidence, right, places, np.full(40, 0.5)) == pytest.approx(plain)


def test_weighted_calibration_errors_are_covered() -> None:
    rng, bins = np.random.default_rng(0), 5

    def rows() -> Iterator[tuple[Interval, float]]:
        for _ in range(300):
            confidence, weights = rng.uniform(0.5, 1, 100), WEIGHTS["a fifth tenfold"](rng, 100)
            yield (
                binned_interval(confidence, rng.random(100) < confidence**2, equal_width(confidence, bins), weights),
                truth,
            )

    large = rng.uniform(0.5, 1, 100_000)
    truth = reliability(large, large**2, equal_width(large, bins), bins).error
    assert simulated(rows()).probability > 0.94


DRAWS: dict[str, tuple[Draw, float]] = {
    "share": (lambda rng, size: (rng.random(size) < 0.9).astype(float), 0.9),
    "mean": (lambda rng, size: rng.exponential(size=size), 1.0),
    "bounded": (lambda rng, size: rng.beta(4, 1, size), 0.8),
    "paired": (lambda rng, size: rng.choice([-1.0, 0.0, 1.0], size, p=[0.05, 0.85, 0.1]), 0.05),
}


@pytest.mark.parametrize("weighting", WEIGHTS)
@pytest.mark.parametrize("kind", DRAWS)
def test_weighted_intervals_cover(kind: str, weighting: str) -> None:
    rng, (draw, truth) = np.random.default_rng(1), DRAWS[kind]

    def rows() -> Iterator[tuple[Interval | None, float]]:
        for _ in range(400):
            values = draw(rng, 60)
            yield METHODS[kind][0](values, WEIGHTS[weighting](rng, 60)), truth

    assert simulated(rows()).probability > 0.925  # 0.95 less 2.3 deviations of 400 trials
