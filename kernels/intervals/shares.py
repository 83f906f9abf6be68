"""Intervals of shares: of samples, of fractions of samples, and of several groups' shares together."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import LEVEL, Interval, deviate
from .effective import bounded_size, weighted_counts

Floats = NDArray[np.float64]

_DOUBT = 0.5  # of a sample, at the far end: unseen samples may differ from those that all agree


def share_interval(hits: float, size: float) -> Interval:
    """Return a share of samples with its interval, as `share_bounds` has it.

    Raises
    ------
    ValueError
        If there are no samples.
    """
    if not size:
        raise ValueError("a share needs at least one value")
    low, high = share_bounds(hits, size)
    return Interval(float(hits / size), float(low), float(high))


def hits_interval(
    hits: NDArray[np.bool_], weights: Floats | None = None, among: NDArray[np.bool_] | None = None
) -> Interval | None:
    """Return the share of samples, (samples,), that are hits, weighted where there are weights of 0 and above.

    Where ``among`` is given, (samples,), only those count. None where no sample does, or all have the weight 0.
    """
    if among is not None:
        hits, weights = hits[among], None if weights is None else weights[among]
    if not (len(hits) if weights is None else weights.any()):
        return None
    plain = int(np.count_nonzero(hits)), len(hits)
    return share_interval(*(plain if weights is None else weighted_counts(hits, weights)))


def share_bounds(hits: ArrayLike, sizes: ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Return the bounds of Wilson's score interval with continuity correction.

    At 95 % it covers 94.8 % or more at every share and every size of 5 and above; without the correction it covers
    no more than 84 % near 0 and 1.

    Parameters
    ----------
    hits : array
        How many samples of each size are hits, 0 to the size; need not be whole.
    sizes : array
        Numbers of samples above 0, of a shape that fits.
    level : float
        How often the interval is to hold the true share.

    Source: Newcombe 1998, Two-sided confidence intervals for the single proportion: comparison of seven methods,
    Statistics in Medicine 17:857, method 4.
    """
    count, size = np.asarray(hits, np.float64), np.asarray(sizes, np.float64)
    z = deviate(level)
    return _lower(count, size, z), 1 - _lower(size - count, size, z)


def _lower(hits: Floats, sizes: Floats, z: float) -> Floats:
    spread = z**2 - 2 - 1 / sizes + 4 * hits / sizes * (sizes - hits + 1)
    low = (2 * hits + z**2 - 1 - z * np.sqrt(np.maximum(spread, 0))) / (2 * (sizes + z**2))
    return np.where(hits < 1, 0.0, np.maximum(low, 0))


def bounded_interval(
    values: NDArray[np.generic], least: float = 0.0, most: float = 1.0, weights: Floats | None = None
) -> Interval | None:
    """Return the mean of numbers that lie between two bounds, with its interval.

    They say as much as a greater number of samples that are at either bound: the effective sample size, which is the
    variance of such samples over their own. Half a sample more, at the far bound, keeps it finite where all agree.

    Parameters
    ----------
    values : array, shape (samples,)
        One number a sample, drawn independently.
    least, most : float
        Between which every number lies.
    weights : array, shape (samples,), or None
        Weights above 0.

    Returns
    -------
    Interval or None
        None where a number is not finite.

    Raises
    ------
    ValueError
        If there are no values.

    Source: Korn and Graubard 1998, Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data, Survey Methodology 24:193.
    """
    if not len(values):
        raise ValueError("a mean needs at least one value")
    numbers = np.asarray(values, np.float64)
    if not np.isfinite(numbers).all():
        return None
    fractions = np.clip((numbers - least) / (most - least), 0, 1)
    size = _effective_size(fractions) if weights is None else bounded_size(fractions, weights)
    bounds = share_bounds(np.average(fractions, weights=weights) * size, size)
    low, high = (float(least + (most - least) * bound) for bound in bounds)
    return Interval(float(np.average(numbers, weights=weights)), low, high)


def _effective_size(fractions: Floats) -> float:
    far = _DOUBT * float(fractions.mean() < 0.5)
    count = len(fractions) + _DOUBT
    mean, square = (fractions.sum() + far) / count, ((fractions**2).sum() + far) / count
    return float(len(fractions) * mean * (1 - mean) / (square - mean**2))


def mean_share(hits: ArrayLike, sizes: ArrayLike) -> Interval:
    """Return the mean of independent shares with its interval: the ends of theirs are added in quadrature.

    Parameters
    ----------
    hits, sizes : array, shape (groups,)
        Of at least one group; sizes above 0.

    Source: Zou and Donner 2008, Construction of confidence limits about effect measures, Statistics in Medicine
    27:1693, equation 7.
    """
    shares = np.asarray(hits, np.float64) / np.asarray(sizes, np.float64)
    low, high = share_bounds(hits, sizes)
    mean, count = float(shares.mean()), len(shares)
    below, above = (float(np.sqrt((reach**2).sum())) / count for reach in (shares - low, high - shares))
    return Interval(mean, max(mean - below, 0.0), min(mean + above, 1.0))


def least_share(hits: ArrayLike, sizes: ArrayLike) -> Interval:
    """Return the smallest of several shares with the interval of the smallest true one.

    Which group is the worst is not known for sure: the smallest true share is above the least of all lower bounds, and
    below every upper bound, where those are wide enough to hold together (Bonferroni).

    Parameters
    ----------
    hits, sizes : array, shape (groups,)
        Of at least one group; sizes above 0.
    """
    shares = np.asarray(hits, np.float64) / np.asarray(sizes, np.float64)
    low, _ = share_bounds(hits, sizes)
    _, high = share_bounds(hits, sizes, 1 - (1 - LEVEL) / len(shares))
    return Interval(float(shares.min()), float(low.min()), float(high.min()))
