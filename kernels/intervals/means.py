"""Intervals of means of numbers without known bounds: losses, margins, probes."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from . import LEVEL, Interval
from .effective import Moments, weighted_moments


def mean_interval(values: NDArray[np.generic], weights: NDArray[np.float64] | None = None) -> Interval | None:
    """Return the mean of independent numbers with Student's interval, corrected for their skewness.

    Hall's cubic transformation takes the skewness out of the studentised mean, which then lies as Student's t does; of
    symmetric numbers it is Student's interval. Few draws make it wide enough, and a long tail reaches to its own side.

    Parameters
    ----------
    values : array, shape (samples,)
        One number a sample.
    weights : array, shape (samples,), or None
        Weights above 0, of samples that say as much as fewer equal ones (`effective_size`).

    Returns
    -------
    Interval or None
        None where the numbers do not differ, or one is not finite, or a single sample has all the weight.

    Raises
    ------
    ValueError
        If there are no values.

    Source: Student 1908, The probable error of a mean; Hall 1992, On the removal of skewness by transformation, Journal
    of the Royal Statistical Society B 54:221.
    """
    numbers = np.asarray(values, np.float64)
    if not len(numbers):
        raise ValueError("a mean needs at least one value")
    if not np.isfinite(numbers).all() or np.ptp(numbers) == 0:
        return None
    mean, spread, skew, count = _moments(numbers) if weights is None else weighted_moments(numbers, weights)
    reach = float(stdtrit(count - 1, (1 + LEVEL) / 2)) / count**0.5
    if not np.isfinite(reach):
        return None
    above, below = (_untransformed(sign * reach, skew, count) for sign in (-1, 1))
    return Interval(mean, mean - spread * below, mean - spread * above)


def _moments(numbers: NDArray[np.float64]) -> Moments:
    skew = float((((numbers - numbers.mean()) / numbers.std()) ** 3).mean())
    return Moments(float(numbers.mean()), float(numbers.std(ddof=1)), skew, len(numbers))


def _untransformed(reach: float, skew: float, count: float) -> float:
    """Return the studentised mean whose transform is given: the root of Hall's cubic, without a loss near skew 0."""
    shifted = reach - skew / (6 * count)
    root = float(np.cbrt(1 + skew * shifted))
    return 3 * shifted / (root * root + root + 1)
