"""Intervals of differences that come from both results of each sample."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import LEVEL, Interval, deviate
from .effective import effective_size
from .shares import bounded_interval

Floats = NDArray[np.float64]

_HALVINGS = 60  # of a range of 2, down to rounding


def difference_interval(first: float, second: float, size: float) -> Interval:
    """Return the share of samples that only the second has less the share that only the first has, with its interval.

    Raises
    ------
    ValueError
        If there are no samples.
    """
    if not size:
        raise ValueError("a difference needs at least one sample")
    low, high = difference_bounds(first, second, size)
    return Interval((second - first) / size, float(low), float(high))


def difference_bounds(first: ArrayLike, second: ArrayLike, size: float) -> tuple[Floats, Floats]:
    """Return the bounds of Tango's score interval of a paired difference of shares.

    Over true differences, shares of samples that are told apart, and sizes it covers 93 % or more, 97 % on average.

    Parameters
    ----------
    first, second : array
        How many samples only the first, and only the second has; together at most the size; need not be whole.
    size : float
        Number of samples above 0.

    Source: Tango 1998, Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design, Statistics in Medicine 17:891.
    """
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    return _least(one, other, size), -_least(other, one, size)


def _least(first: Floats, second: Floats, size: float) -> Floats:
    """Return the smallest difference that the samples do not reject, by bisection."""
    z = deviate(LEVEL)
    low, high = np.full(first.shape, -1.0), (second - first) / size
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        rejected = _score(first, second, size, middle) > z
        low, high = np.where(rejected, middle, low), np.where(rejected, high, middle)
    return high


def _score(first: Floats, second: Floats, size: float, difference: Floats) -> Floats:
    """Return by how many standard deviations the samples exceed a difference, with the likeliest rate of the first."""
    b = (2 * size + first - second) * difference - first - second
    c = first * difference * (difference - 1)
    rate = (np.sqrt(np.maximum(b * b - 8 * size * c, 0)) - b) / (4 * size)
    variance = size * (2 * rate + difference * (1 - difference))
    excess = second - first - size * difference
    return np.where(excess > 0, excess / np.sqrt(np.maximum(variance, np.finfo(float).tiny)), 0)


def paired_interval(apart: NDArray[np.generic], weights: Floats | None = None) -> Interval | None:
    """Return the mean of each sample's difference, (samples,), of numbers in [0, 1], with its interval.

    That of shares where every difference is −1, 0 or 1; otherwise that of numbers in [−1, 1], None where one is not
    finite. Weights, (samples,), are above 0.

    Raises
    ------
    ValueError
        If there are no samples.
    """
    signs = [apart == sign for sign in (-1, 1)]
    if not (signs[0] | signs[1] | (apart == 0)).all():
        return bounded_interval(apart, -1, 1, weights)
    if weights is None:
        lost, gained = (int(np.count_nonzero(sign)) for sign in signs)
        return difference_interval(lost, gained, len(apart))
    size = effective_size(apart, weights)
    first, second = (float(np.average(sign, weights=weights)) * size for sign in signs)
    return difference_interval(first, second, size)
