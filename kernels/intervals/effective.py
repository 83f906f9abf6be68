"""How many samples of equal weight say as much as weighted ones do.

Weights are relative: only their ratios count, and samples of weight 0 are none. A weighted mean varies as that of fewer
samples would, by how unequal the weights are (Kish), and by how far the heavy ones lie from the others (linearisation).
The smaller of both sizes counts, so that an interval is not too short where few heavy samples were seen. With weights
that are all the same it is the number of samples.

Source: Kish 1965, Survey Sampling, section 11.7; Korn and Graubard 1998, Confidence intervals for proportions with
small expected number of positive counts estimated from survey data, Survey Methodology 24:193 (effective size).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_DOUBT = 0.5  # of a sample of typical weight, at the far end: unseen samples may differ from those that all agree


class Moments(NamedTuple):
    """Mean, standard deviation with the divisor n − 1, skewness, and how many equal samples say as much."""

    mean: float
    spread: float
    skew: float
    size: float


def effective_size(values: ArrayLike, weights: Floats) -> float:
    """Return how many samples of equal weight have a mean that varies as the weighted mean does.

    Parameters
    ----------
    values : array, shape (samples,)
        Finite numbers.
    weights : array, shape (samples,)
        Above 0.
    """
    numbers = np.asarray(values, np.float64)
    apart = (numbers - np.average(numbers, weights=weights)) ** 2
    plain, heavy = np.average(apart, weights=weights), np.average(apart, weights=weights**2)
    return float(_kish(weights) * (plain / max(plain, heavy) if plain > 0 else 1))


def weighted_moments(values: ArrayLike, weights: Floats) -> Moments:
    """Return the moments of weighted numbers that differ; parameters as of `effective_size`."""
    numbers, size = np.asarray(values, np.float64), effective_size(values, weights)
    mean = float(np.average(numbers, weights=weights))
    apart = numbers - mean
    deviation = float(np.sqrt(np.average(apart**2, weights=weights)))
    cubes = (np.cbrt(weights) * (apart / deviation)) ** 3  # finite, however small a weight
    skew = float(cubes.sum() / weights.sum())
    return Moments(mean, deviation * (size / max(size - 1, np.finfo(float).tiny)) ** 0.5, skew, size)


def weighted_counts(hits: NDArray[np.generic], weights: Floats) -> tuple[float, float]:
    """Return the hits and the size of the equal samples that say as much as weighted ones of which some are hits.

    Parameters
    ----------
    hits : array of bool, shape (samples,)
    weights : array, shape (samples,)
        0 and above; not all 0.
    """
    own = np.where(hits, weights, 0.0)
    found, size = effective_counts(own.sum(), weights.sum(), (own**2).sum(), (weights**2).sum())
    return float(found), float(size)


def effective_counts(hits: ArrayLike, sizes: ArrayLike, hits2: ArrayLike, sizes2: ArrayLike) -> tuple[Floats, Floats]:
    """Return `weighted_counts` of many cells by their sums; nothing of cells without weight.

    Parameters
    ----------
    hits, sizes : array
        Sums of the weights of each cell's hits, and of all its samples.
    hits2, sizes2 : array
        Sums of their squares, in shapes that fit.
    """
    own, whole, own2, whole2 = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (hits, sizes, hits2, sizes2)))
    there = whole > 0
    share = np.divide(own, whole, out=np.zeros(own.shape), where=there)
    plain, heavy = share * (1 - share), (1 - share) ** 2 * own2 + share**2 * np.maximum(whole2 - own2, 0)
    kish = np.divide(whole**2, whole2, out=np.zeros(own.shape), where=there)
    heavy = np.divide(heavy, whole2, out=np.ones(own.shape), where=there)
    size = kish * np.divide(plain, np.maximum(plain, heavy), out=np.ones(own.shape), where=plain > 0)
    return share * size, size


def bounded_size(fractions: Floats, weights: Floats) -> float:
    """Return how many samples at 0 or 1 say as much as weighted numbers between them, (samples,), do."""
    typical = float((weights**2).sum() / weights.sum())
    values = np.append(fractions, float(np.average(fractions, weights=weights) < 0.5))
    first, second = (np.append(weights**power, _DOUBT * typical**power) for power in (1, 2))
    mean = np.average(values, weights=first)
    spread = max(np.average((values - mean) ** 2, weights=powers) for powers in (first, second))
    return float(_kish(weights) * mean * (1 - mean) / spread)


def linearised(values: Floats, weights: Floats | None) -> Floats:
    """Return numbers, (samples,), that have the weighted mean, and whose mean varies as it does.

    Source: Binder 1983, On the variances of asymptotically normal estimators from complex surveys, International
    Statistical Review 51:279.
    """
    if weights is None:
        return values
    mean = np.average(values, weights=weights)
    return np.asarray(mean + weights / weights.mean() * (values - mean))


def _kish(weights: Floats) -> float:
    return float(weights.sum() ** 2 / (weights**2).sum())
