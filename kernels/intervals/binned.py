"""Intervals of calibration errors: of gaps between confidence and accuracy in bins."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from . import LEVEL, Interval
from .shares import bounded_interval

Floats = NDArray[np.float64]

_FOLDED = (2 / np.pi) ** 0.5  # mean size of a standard normal number


def binned_interval(
    confidence: NDArray[np.floating],
    correct: NDArray[np.generic],
    places: NDArray[np.int64],
    weights: Floats | None = None,
) -> Interval:
    """Return the expected calibration error with the interval of that of the distribution, in the same bins.

    Noise alone makes gaps: below, the interval reaches as far as the gaps of a calibrated network of such confidences
    do, whose sum of sizes is taken for a gamma variable. Above, chance takes away no more than from the mean of the
    gaps with their signs. It covers 95 % or more, at 95 % in the worst cases only.

    Parameters
    ----------
    confidence : array, shape (samples,)
        Probability that the network gave its prediction.
    correct : array, shape (samples,)
        Whether it is right, 0 or 1.
    places : array of int64, shape (samples,)
        Each sample's bin.
    weights : array, shape (samples,), or None
        Weights above 0.

    Raises
    ------
    ValueError
        If there are no samples.
    """
    if not len(places):
        raise ValueError("a calibration error needs at least one sample")
    claimed = np.asarray(confidence, np.float64)
    gaps = np.asarray(correct, np.float64) - claimed
    each = np.ones(len(gaps)) if weights is None else weights
    sums, whole = np.bincount(places, gaps * each), each.sum()
    variances = _variances(gaps, claimed, places) if weights is None else _weighted(gaps, claimed, places, weights)
    error = float(np.abs(sums).sum() / whole)
    above = bounded_interval(np.sign(sums)[places] * gaps, -1, 1, weights)
    assert above is not None, "confidences are finite"
    noise = _noise(variances) / whole
    return Interval(error, max(error - noise, 0.0), min(max(above.high, error), 1.0))


def difference_of_errors(first: Interval, second: Interval) -> Interval:
    """Return a first calibration error less a second with its interval, wide enough if they go together or not.

    Source: Zou and Donner 2008, Construction of confidence limits about effect measures, Statistics in Medicine
    27:1693, equation 7.
    """
    below = np.hypot(first.mean - first.low, second.high - second.mean)
    above = np.hypot(first.high - first.mean, second.mean - second.low)
    apart = first.mean - second.mean
    return Interval(apart, float(apart - below), float(apart + above))


def _variances(gaps: Floats, claimed: Floats, places: NDArray[np.int64]) -> Floats:
    """Return the variance of each bin's sum of gaps: as the samples show it, or the confidences, if that is more."""
    counts = np.maximum(np.bincount(places), 1)
    seen = np.bincount(places, gaps**2) - np.bincount(places, gaps) ** 2 / counts
    return np.maximum(seen, np.bincount(places, claimed * (1 - claimed)))


def _weighted(gaps: Floats, claimed: Floats, places: NDArray[np.int64], weights: Floats) -> Floats:
    """Return `_variances` of each bin's weighted sum."""
    held = np.bincount(places, weights)
    means = np.bincount(places, gaps * weights) / np.where(held > 0, held, 1)
    seen = np.bincount(places, (weights * (gaps - means[places])) ** 2)
    return np.maximum(seen, np.bincount(places, weights**2 * claimed * (1 - claimed)))


def _noise(variances: Floats) -> float:
    """Return what the sizes of normal sums with these variances exceed together in one case of 40."""
    mean, variance = _FOLDED * np.sqrt(variances).sum(), (1 - _FOLDED**2) * variances.sum()
    if not variance:
        return 0.0
    return float(gammaincinv(mean**2 / variance, (1 + LEVEL) / 2) * variance / mean)
