"""Intervals of ratios of sums over the same samples."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from . import LEVEL, Interval

Floats = NDArray[np.float64]


def mean_ratio(own: NDArray[np.generic], other: NDArray[np.generic]) -> float | None:
    """Return the mean over tests of the ratio of two sums over the samples; None where one below the line is 0.

    Parameters
    ----------
    own, other : array, shape (samples, tests)
        Numbers of 0 and above.
    """
    below = np.asarray(other, np.float64).sum(axis=0)
    return float((np.asarray(own, np.float64).sum(axis=0) / below).mean()) if below.all() else None


def ratio_interval(own: NDArray[np.generic], other: NDArray[np.generic]) -> Interval | None:
    """Return `mean_ratio` with its interval, in which the two sums vary together.

    The delta method on a logarithmic scale, where the ratio varies alike to both sides.

    Returns
    -------
    Interval or None
        None where there is no ratio, or it does not vary.

    Source: Casella and Berger 2002, Statistical Inference, section 5.5.4 (delta method); Katz et al. 1978, Obtaining
    confidence intervals for the risk ratio in cohort studies (logarithms).
    """
    ratio = mean_ratio(own, other)
    spread = _relative_error(np.asarray(own, np.float64), np.asarray(other, np.float64)) if ratio else 0.0
    if not ratio or spread < np.finfo(float).eps * len(own):
        return None
    reach = float(stdtrit(len(own) - 1, (1 + LEVEL) / 2)) * spread / ratio
    return Interval(ratio, ratio * float(np.exp(-reach)), ratio * float(np.exp(reach)))


def _relative_error(own: Floats, other: Floats) -> float:
    """Return the standard error of the mean ratio: of the mean of what each sample adds to it."""
    count = len(own)
    if count < 2:
        return 0.0
    below = other.mean(axis=0)
    added = ((own - own.mean(axis=0) / below * other) / below).mean(axis=1)
    return float(added.std(ddof=1) / np.sqrt(count))
