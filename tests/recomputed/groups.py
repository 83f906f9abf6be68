"""Groups of samples, a group and a class at a time."""

from itertools import combinations

import numpy as np

from .behaviour import CLASSES
from .material import Floats, Material
from .rows import Numbers, reference


def groups_of(material: Material) -> dict[str, np.ndarray]:
    """Return which samples each group has."""
    names = material.column("group.part").astype(str)
    return {name: names == name for name in sorted(set(names))}


@reference("subpopulation", "numpy, a group at a time")
def subpopulation(material: Material) -> Numbers:
    """Return the accuracies of groups."""
    right, weights = material.logits.argmax(1) == material.labels, material.weights
    groups = groups_of(material)
    told = {name: np.average(right[inside], weights=weights[inside]) for name, inside in groups.items()}
    sizes = {name: weights[inside].sum() for name, inside in groups.items()}
    return {f"subpopulation.group.{name}": value for name, value in told.items()} | {
        "subpopulation": np.mean(list(told.values())),
        "subpopulation.majority": told[max(sizes, key=lambda name: sizes[name])],
        "subpopulation.minority": told[min(sizes, key=lambda name: sizes[name])],
        "subpopulation.worst": min(told.values()),
    }


@reference("fairness", "numpy, a pair of groups and a class at a time")
def fairness(material: Material) -> Numbers:
    """Return the largest gaps between groups."""
    labels, given, groups = material.labels, material.logits.argmax(1), groups_of(material)
    everyone = np.ones(len(labels), bool)

    def gap(hits: np.ndarray, among: np.ndarray) -> float:
        rates = [_rate(hits, inside & among, material.weights) for inside in groups.values()]
        known = [rate for rate in rates if rate is not None]
        return max((abs(one - other) for one, other in combinations(known, 2)), default=0.0)

    right = max(gap(given == k, labels == k) for k in CLASSES)
    return {
        "fairness.parity": max(gap(given == k, everyone) for k in CLASSES),
        "fairness.opportunity": right,
        "fairness.odds": max(right, *(gap(given == k, labels != k) for k in CLASSES)),
        "fairness.accuracy": gap(given == labels, everyone),
    }


def _rate(hits: np.ndarray, among: np.ndarray, weights: Floats) -> float | None:
    return float(np.average(hits[among], weights=weights[among])) if weights[among].any() else None
