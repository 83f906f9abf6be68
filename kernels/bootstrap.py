"""Bootstrap intervals of a mean."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_DRAWS = 1 << 16  # held at a time, so that they stay in the processor's cache


class Interval(NamedTuple):
    """A mean with the bounds of its interval."""

    mean: float
    low: float
    high: float


def mean_interval(
    values: NDArray[np.generic],
    seed: int,
    level: float = 0.95,
    resamples: int = 1000,
) -> Interval:
    """Return the mean and its percentile bootstrap interval.

    Where every value is 0 or 1, a resample's sum is binomial, so it is drawn directly: the same distribution at the
    cost of one draw a resample.

    Parameters
    ----------
    values : array, shape (samples,)
        One number a sample, drawn independently.
    seed : int
        Seeds the draws.
    level : float
        Share of the resampled means inside the interval.
    resamples : int
        How many resamples.

    Raises
    ------
    ValueError
        If there are no values.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.
    """
    numbers = np.asarray(values, np.float64)
    if not len(numbers):
        raise ValueError("a mean needs at least one value")
    if np.all((numbers == 0) | (numbers == 1)):
        return share_interval(int(numbers.sum()), len(numbers), seed, level, resamples)
    means = _resampled_means(numbers, np.random.default_rng(seed), resamples)
    return _interval(float(numbers.mean()), means, level)


def ratio_interval(
    own: NDArray[np.generic], other: NDArray[np.generic], seed: int, level: float = 0.95, resamples: int = 1000
) -> Interval | None:
    """Return the mean over tests of the ratio of two sums over the same samples, with its percentile interval.

    Parameters
    ----------
    own, other : array, shape (samples, tests)
        Numbers of 0 and above, of the same samples; these are drawn together.
    seed : int
        Seeds the draws.
    level : float
        Share of the resampled means inside the interval.
    resamples : int
        How many resamples; those in which a sum below the line is 0 are left out.

    Returns
    -------
    Interval or None
        None where a sum below the line is 0.
    """
    above, below = np.asarray(own, np.float64), np.asarray(other, np.float64)
    if not below.sum(axis=0).all():
        return None
    rng, size = np.random.default_rng(seed), len(above)
    weights = (rng.multinomial(size, np.full(size, 1 / size)).astype(np.float64) for _ in range(resamples))
    sums = np.array([(weight @ above, weight @ below) for weight in weights])
    drawn = sums[sums[:, 1].all(axis=1)]
    value = float((above.sum(axis=0) / below.sum(axis=0)).mean())
    return _interval(value, (drawn[:, 0] / drawn[:, 1]).mean(axis=1), level)


def share_interval(hits: int, size: int, seed: int, level: float = 0.95, resamples: int = 1000) -> Interval:
    """Return `mean_interval` of ``size`` values of which ``hits`` are 1 and the others 0.

    Raises
    ------
    ValueError
        If there are no values.
    """
    if not size:
        raise ValueError("a share needs at least one value")
    means = np.random.default_rng(seed).binomial(size, hits / size, resamples) / size
    return _interval(hits / size, means, level)


def mean_interval_reference(
    values: NDArray[np.generic],
    seed: int,
    level: float = 0.95,
    resamples: int = 1000,
) -> Interval:
    """Return `mean_interval` one resample at a time, whatever the values are."""
    numbers = np.asarray(values, np.float64)
    rng = np.random.default_rng(seed)
    means = [numbers[rng.integers(0, len(numbers), len(numbers))].mean() for _ in range(resamples)]
    return _interval(float(numbers.mean()), np.array(means), level)


def _resampled_means(values: NDArray[np.float64], rng: np.random.Generator, resamples: int) -> NDArray[np.float64]:
    step = max(1, _DRAWS // len(values))
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    return np.concatenate([values[rng.integers(0, len(values), (rows, len(values)))].mean(axis=1) for rows in sizes])


def _interval(mean: float, means: NDArray[np.float64], level: float) -> Interval:
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(mean, float(low), float(high))
