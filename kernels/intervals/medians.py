"""Intervals of medians."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from . import LEVEL, Interval


def median_interval(values: NDArray[np.generic]) -> Interval | None:
    """Return the median with the interval between two of the values, whatever their distribution.

    How many lie below the true median is binomial, so that between the values of two ranks it lies with a probability
    that is known: at least 95 %.

    Parameters
    ----------
    values : array, shape (draws,)
        Independent numbers.

    Returns
    -------
    Interval or None
        None of fewer than 6 values, of which even the range holds the median less often.

    Source: David and Nagaraja 2003, Order Statistics, section 7.1.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    rank = int(binom.ppf((1 - LEVEL) / 2, len(ordered), 0.5)) if len(ordered) else 0
    return Interval(float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[-rank])) if rank else None
