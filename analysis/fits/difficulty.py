"""Extrapolation by difficulty: samples that models learn alike are followed together, and the erratic ones left out."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.vq import kmeans2

from ..errors import UserError
from .power_law import PowerLaw, fit_power_law

_STARTS = 8  # of the clustering, of which the best counts


class DifficultyFit(NamedTuple):
    """What is known of each cluster of samples, and how the predictable ones speak for all.

    Attributes
    ----------
    cluster : array of int64, shape (samples,)
        Each sample's cluster, the easiest first.
    accuracy : array, shape (models, clusters)
        What the given models reach on each.
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
        How often each model has each sample right, 0 to 1. Several attempts make it finer: of single ones, chance
        makes clusters that follow no law.
    clusters : int
        At most so many.
    tolerance : float
        A cluster is predictable if its law misses its accuracies by no more than this, root mean square, and larger
        models do better on it than smaller ones.
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
    accuracy = np.stack([table[:, cluster == c].mean(1) for c in range(cluster.max() + 1)], axis=1)
    # Half a sample stands for an error of 0, of which there is no power law.
    errors = np.maximum(1 - accuracy, 0.5 / np.bincount(cluster))
    laws = tuple(fit_power_law(x, column, resamples=1).law for column in errors.T)
    misses = np.array([1 - law.at(x) - column for law, column in zip(laws, accuracy.T, strict=True)])
    rising = np.array([np.polyfit(np.log(x), column, 1)[0] > 0 or column.min() == 1 for column in accuracy.T])
    predictable = (np.sqrt((misses**2).mean(1)) <= tolerance) & rising
    if not predictable.any():
        raise UserError("No group of samples follows a law of model size.", "Take more models, or a larger tolerance.")
    return DifficultyFit(cluster, accuracy, laws, predictable, _line(table, predictable[cluster]))


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


def _line(table: NDArray[np.float64], kept: NDArray[np.bool_]) -> tuple[float, float]:
    """Fit all samples' accuracy by that of the kept ones, without presuming that the others are learnt in the end."""
    subset, whole = table[:, kept].mean(1), table.mean(1)
    slope, intercept = np.polyfit(subset, whole, 1) if np.ptp(subset) > 0 else (0.0, float(whole.mean()))
    return float(slope), float(intercept)
