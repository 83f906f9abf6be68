"""Intervals of means of numbers without known bounds: losses, margins, probes."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from . import LEVEL, Interval


def mean_interval(values: NDArray[np.generic]) -> Interval | None:
    """Return the mean of independent numbers with Student's interval, corrected for their skewness.

    Hall's cubic transformation takes the skewness out of the studentised mean, which then lies as Student's t does; of
    symmetric numbers it is Student's interval. Few draws make it wide enough, and a long tail reaches to its own side.

    Parameters
    ----------
    values : array, shape (samples,)
        One number a sample.

    Returns
    -------
    Interval or None
        None where the numbers do not differ, or one is not finite.

    Raises
    ------
    ValueError
        If there are no values.

    Source: Student 1908, The probable error of a mean; Hall 1992, On the removal of skewness by transformation, Journal
    of the Royal Statistical Society B 54:221.
    """
    numbers, count = np.asarray(values, np.float64), len(values)
    if not count:
        raise ValueError("a mean needs at least one value")
    if not np.isfinite(numbers).all() or np.ptp(numbers) == 0:
        return None
    mean, spread = float(numbers.mean()), float(numbers.std(ddof=1))
    skew = float((((numbers - mean) / numbers.std()) ** 3).mean())
    reach = float(stdtrit(count - 1, (1 + LEVEL) / 2)) / count**0.5
    above, below = (_untransformed(sign * reach, skew, count) for sign in (-1, 1))
    return Interval(mean, mean - spread * below, mean - spread * above)


def _untransformed(reach: float, skew: float, count: int) -> float:
    """Return the studentised mean whose transform is given: the root of Hall's cubic, without a loss near skew 0."""
    shifted = reach - skew / (6 * count)
    root = float(np.cbrt(1 + skew * shifted))
    return 3 * shifted / (root * root + root + 1)
