"""Extrapolation by difficulty: samples that models learn alike are followed together, and the erratic ones left out."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.vq import kmeans2

from ...kernels.intervals import LEVEL, Interval, deviate
from ...kernels.intervals.shares import share_interval
from ..correctness import SIGNIFICANT
from ..errors import UserError
from .power_law import PowerLaw, fit_power_law

_STARTS = 8  # of the clustering, of which the best counts
_FEWEST = 4  # sizes for a law


class DifficultyFit(NamedTuple):
    """What is known of each cluster of samples, and how the predictable ones speak for all.

    Attributes
    ----------
    cluster : array of int64, shape (samples,)
        Each sample's cluster, the easiest first.
    accuracy : array, shape (models, clusters)
        What each model reaches on each cluster, as the other models alone tell the clusters apart: those that its own
        chance has made would be easier or harder for it than they are.
    laws : tuple of PowerLaw
        Each cluster's error by size.
    predictable : array of bool, shape (clusters,)
        Whether a law describes the cluster.
    line : tuple of float
        Slope and intercept that lead from the predictable samples' accuracy to that of all.
    """

    cluster: NDArray[np.int64]
    accuracy: NDArray[np.float64]
    laws: tuple[PowerLaw, ...]
    predictable: NDArray[np.bool_]
    line: tuple[float, float]

    def at(self, size: float) -> float:
        """Return the accuracy on all samples that a model of that size is expected to reach."""
        sizes = np.bincount(self.cluster)[self.predictable]
        errors = [float(law.at(size)) for law, kept in zip(self.laws, self.predictable, strict=True) if kept]
        subset = float(np.clip(1 - np.array(errors), 0, 1) @ sizes / sizes.sum())
        return float(np.clip(self.line[0] * subset + self.line[1], 0, 1))


def fit_difficulty(
    sizes: ArrayLike, rates: NDArray[np.generic], clusters: int = 5, tolerance: float = 0.05, seed: int = 0
) -> DifficultyFit:
    """Cluster samples by which models have them right, and fit each cluster's accuracy by model size.

    Parameters
    ----------
    sizes : array, shape (models,)
        In ascending order; the clusters are found on all of them.
    rates : array, shape (models, samples)
        How often each model has each sample right, 0 to 1. Several attempts make it finer.
    clusters : int
        At most so many.
    tolerance : float
        A cluster is predictable if its law misses its accuracies by no more than this, root mean square, and larger
        models do better on it than smaller ones by more than chance, or all models have all of it right.
    seed : int
        Seeds the clustering.

    Raises
    ------
    UserError
        If there are fewer than four different sizes, or no cluster is predictable.

    Source: Xu et al. 2025, Unveiling Downstream Performance Scaling of LLMs: A Clustering-Based Perspective.
    """
    x, table = np.asarray(sizes, np.float64), np.asarray(rates, np.float64)
    cluster = _clusters(table, clusters, seed)
    apart = [_aligned(_clusters(np.delete(table, place, 0), clusters, seed), cluster) for place in range(len(x))]

    def reached(kept: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.array([row[_members(kept, own, cluster)].mean() for row, own in zip(table, apart, strict=True)])

    accuracy = np.stack([reached(one) for one in np.eye(cluster.max() + 1, dtype=bool)], axis=1)
    # Half a sample stands for an error of 0, of which there is no power law.
    errors = np.maximum(1 - accuracy, 0.5 / np.bincount(cluster))
    laws = tuple(fit_power_law(x, column, resamples=1).law for column in errors.T)
    residuals = np.array([1 - law.at(x) - column for law, column in zip(laws, accuracy.T, strict=True)])
    rising = np.array(
        [
            column.min() == 1 or _rises(x, column, samples)
            for column, samples in zip(accuracy.T, np.bincount(cluster), strict=True)
        ]
    )
    predictable = (np.sqrt((residuals**2).mean(1)) <= tolerance) & rising
    if not predictable.any():
        raise UserError("No group of samples follows a law of model size.", "Take more models, or a larger tolerance.")
    return DifficultyFit(cluster, accuracy, laws, predictable, _line(reached(predictable), table.mean(1)))


def misses(
    sizes: ArrayLike, rates: NDArray[np.generic], clusters: int = 5, tolerance: float = 0.05, seed: int = 0
) -> dict[int, float]:
    """Return by how much the smaller sizes alone miss the accuracy at the largest, by how many of them were fitted.

    As `fit_difficulty`; numbers of sizes that follow no law are left out.
    """
    x, table = np.asarray(sizes, np.float64), np.asarray(rates, np.float64)
    found = {}
    for count in range(_FEWEST, len(x)):
        try:
            smaller = fit_difficulty(x[:count], table[:count], clusters, tolerance, seed)
        except UserError:
            continue
        found[count] = smaller.at(float(x[-1])) - float(table[-1].mean())
    return found


def forecast_interval(fit: DifficultyFit, sizes: ArrayLike, missed: Mapping[int, float], at: float) -> Interval:
    """Return the accuracy that is expected at a size, as uncertain as the samples and earlier forecasts make it.

    Forecasts from the smaller sizes missed by so much for each step on a logarithmic scale, and this one's steps are as
    long; of the samples there are so many.

    Parameters
    ----------
    fit : DifficultyFit
        To all sizes.
    sizes : array, shape (models,)
        In ascending order.
    missed : mapping of int to float
        As of `misses`; at least one.
    at : float
        Size to forecast at.
    """
    steps = np.log(np.asarray(sizes, np.float64))
    pace = np.sqrt(np.mean([(miss / (steps[-1] - steps[count - 1])) ** 2 for count, miss in missed.items()]))
    outside = max(np.log(at) - steps[-1], steps[0] - np.log(at))
    reach = deviate(LEVEL) * float(pace) * max(outside, steps[-1] - steps[-2])
    expected, samples = fit.at(at), len(fit.cluster)
    own = share_interval(expected * samples, samples)
    low, high = expected - np.hypot(expected - own.low, reach), expected + np.hypot(own.high - expected, reach)
    return Interval(expected, max(float(low), 0.0), min(float(high), 1.0))


def _rises(sizes: NDArray[np.float64], accuracy: NDArray[np.float64], samples: int) -> bool:
    """Return whether accuracy on so many samples rises with the logarithm of size by more than chance, at 5 %.

    Source: Armitage 1955, Tests for linear trends in proportions and frequencies, Biometrics 11:375.
    """
    steps, mean = np.log(sizes) - np.log(sizes).mean(), accuracy.mean()
    error = np.sqrt((steps @ steps) * mean * (1 - mean) / samples)
    return bool(steps @ accuracy > deviate(1 - 2 * SIGNIFICANT) * error)


def _aligned(own: NDArray[np.int64], all_: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return clusters with the numbers of those of another clustering that they share the most samples with."""
    count = int(all_.max()) + 1
    shared = np.bincount(own * count + all_, minlength=(int(own.max()) + 1) * count).reshape(-1, count)
    return np.asarray(shared.argmax(axis=1)[own])


def _members(kept: NDArray[np.bool_], own: NDArray[np.int64], all_: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which samples are of the kept clusters by a model's own clustering, or if that has none, by all's."""
    return kept[own] if kept[own].any() else kept[all_]


def _clusters(table: NDArray[np.float64], most: int, seed: int) -> NDArray[np.int64]:
    """Return the cluster of each sample's profile over the models, numbered from the easiest on."""
    profiles = table.T
    count = min(most, len(np.unique(profiles, axis=0)))
    rng = np.random.default_rng(seed)
    tries = (kmeans2(profiles, count, minit="++", rng=rng) for _ in range(_STARTS))
    _, found = min(tries, key=lambda pair: _inertia(profiles, *pair))
    used, index = np.unique(found, return_inverse=True)
    ease = [profiles[index == c].mean() for c in range(len(used))]
    return np.argsort(np.argsort(-np.array(ease), kind="stable"))[index]


def _inertia(profiles: NDArray[np.float64], centres: NDArray[np.float64], found: NDArray[np.int32]) -> float:
    return float(((profiles - centres[found]) ** 2).sum())


def _line(subset: NDArray[np.float64], whole: NDArray[np.float64]) -> tuple[float, float]:
    """Fit all samples' accuracy by that of the kept ones, without presuming that the others are learnt in the end."""
    slope, intercept = np.polyfit(subset, whole, 1) if np.ptp(subset) > 0 else (0.0, float(whole.mean()))
    return float(slope), float(intercept)
