"""Intervals of ratios of sums over the same samples."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from . import LEVEL, Interval
from .effective import weighted_moments

Floats = NDArray[np.float64]


def mean_ratio(own: NDArray[np.generic], other: NDArray[np.generic], weights: Floats | None = None) -> float | None:
    """Return the mean over tests of the ratio of two sums over the samples; None where one below the line is 0.

    Parameters
    ----------
    own, other : array, shape (samples, tests)
        Numbers of 0 and above.
    weights : array, shape (samples,), or None
        Weights above 0 that each sample has in both sums.
    """
    above, below = (_weighted(numbers, weights).sum(axis=0) for numbers in (own, other))
    return float((above / below).mean()) if below.all() else None


def ratio_interval(
    own: NDArray[np.generic], other: NDArray[np.generic], weights: Floats | None = None
) -> Interval | None:
    """Return `mean_ratio` with its interval, in which the two sums vary together.

    The delta method on a logarithmic scale, where the ratio varies alike to both sides.

    Returns
    -------
    Interval or None
        None where there is no ratio, or it does not vary.

    Source: Casella and Berger 2002, Statistical Inference, section 5.5.4 (delta method); Katz et al. 1978, Obtaining
    confidence intervals for the risk ratio in cohort studies (logarithms).
    """
    ratio = mean_ratio(own, other, weights)
    error, size = _error(own, other, weights) if ratio else (0.0, 0.0)
    if not ratio or error < np.finfo(float).eps * len(own):
        return None
    reach = float(stdtrit(size - 1, (1 + LEVEL) / 2)) * error / ratio
    return Interval(ratio, ratio * float(np.exp(-reach)), ratio * float(np.exp(reach)))


def _error(own: NDArray[np.generic], other: NDArray[np.generic], weights: Floats | None) -> tuple[float, float]:
    """Return the standard error of the mean of what samples add to the ratio, and of how many equal ones it is."""
    added = _added(np.asarray(own, np.float64), np.asarray(other, np.float64), weights)
    if len(added) < 2 or np.ptp(added) == 0:
        return 0.0, 0.0
    if weights is None:
        return float(added.std(ddof=1) / np.sqrt(len(added))), len(added)
    moments = weighted_moments(added, weights)
    return moments.spread / moments.size**0.5, moments.size


def _added(own: Floats, other: Floats, weights: Floats | None) -> Floats:
    above, below = (np.average(numbers, axis=0, weights=weights) for numbers in (own, other))
    return np.asarray(((own - above / below * other) / below).mean(axis=1))


def _weighted(numbers: NDArray[np.generic], weights: Floats | None) -> Floats:
    floats = np.asarray(numbers, np.float64)
    return floats if weights is None else floats * weights[:, None]
