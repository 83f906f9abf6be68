"""Which of several tests say the same: how their errors go together, and how few of them rank models as all do."""

from collections.abc import Iterator
from itertools import combinations, islice

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 1 << 14  # subsets
_EQUAL = 1e-9  # accuracies nearer than that are the same


def error_correlation(errors: NDArray[np.floating], weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return how the errors under each pair of tests go together over the samples.

    Parameters
    ----------
    errors : array, shape (samples, tests)
        How wrong a model is on each sample under each test: a share, or 0 and 1.
    weights : array, shape (samples,), or None
        Of the samples, 0 and above.

    Returns
    -------
    array, shape (tests, tests)
        Pearson's correlations; NaN for a test under which all samples fare the same.
    """
    centred = errors - np.average(errors, axis=0, weights=weights, keepdims=True)
    if weights is not None:
        centred = centred * np.sqrt(weights / weights.mean())[:, None]
    products = centred.T @ centred
    scale = np.sqrt(products.diagonal())
    scale = np.where(scale > _EQUAL * np.sqrt(len(errors)), scale, np.nan)
    correlation: NDArray[np.float64] = products / np.outer(scale, scale)
    return correlation


def smallest_ranking_subset(accuracy: NDArray[np.floating]) -> tuple[int, ...]:
    """Return the fewest tests whose mean accuracy ranks the models as the mean over all tests does.

    Every subset of one size is tried before the next size. Of several it is the one whose means lie nearest to those
    of all tests. Models that all tests together do not tell apart may come in any order.

    Parameters
    ----------
    accuracy : array, shape (models, tests)
        At least one test; 20 tests take a second, and each further one twice as long.

    Returns
    -------
    tuple of int
        Numbers of the tests, ascending.

    Raises
    ------
    ValueError
        If there are no models or no tests.
    """
    if accuracy.ndim != 2 or not accuracy.size:
        raise ValueError(f"accuracies have the shape (models, tests), not {accuracy.shape}")
    whole, tests = accuracy.mean(axis=1), accuracy.shape[1]
    better, worse = np.nonzero(whole[:, None] > whole[None, :] + _EQUAL)
    for size in range(1, tests):
        best: tuple[float, tuple[int, ...]] = (np.inf, ())
        for subsets in _pieces(tests, size):
            means = accuracy[:, subsets].mean(axis=2)
            kept = (means[better] > means[worse] + _EQUAL).all(axis=0)
            distance = np.where(kept, np.abs(means - whole[:, None]).sum(axis=0), np.inf)
            nearest = int(distance.argmin())
            best = min(best, (float(distance[nearest]), tuple(subsets[nearest].tolist())))
        if np.isfinite(best[0]):
            return best[1]
    return tuple(range(tests))


def _pieces(tests: int, size: int) -> Iterator[NDArray[np.int64]]:
    """Give all subsets of one size, (subsets, size), some at a time."""
    subsets = combinations(range(tests), size)
    while piece := list(islice(subsets, _AT_ONCE)):
        yield np.array(piece)
