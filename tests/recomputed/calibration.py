"""Calibration, a bin at a time."""

from collections.abc import Iterator

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from .material import SEED, Floats, Material
from .rows import Numbers, reference

BINS = 15
EDGES = np.arange(BINS + 1) / BINS


@reference("calibration", "numpy, a bin at a time; the temperature by scipy", tolerance=1e-5)
def calibration(material: Material) -> Numbers:
    """Return errors in bins, scores, and what is left after scaling."""
    probabilities, labels, weights = softmax(material.logits, axis=1), material.labels, material.weights
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    hot, own = np.eye(10)[labels], np.log(probabilities[np.arange(len(labels)), labels])
    width = _width(confidence)
    columns = [_error(p, labels == k, weights, _width(p)) for k, p in enumerate(probabilities.T)]
    brier = ((probabilities - hot) ** 2).sum(1)
    told = {
        "ece": _error(confidence, right, weights, width),
        "adaptive": _error(confidence, right, weights, _depth(confidence, weights)),
        "classwise": float(np.mean(columns)),
        "mce": max(abs(_gap(confidence, right, weights, inside)) for inside in _inside(width, weights)),
        "brier": float(np.average(brier, weights=weights)),
        "nll": float(np.average(-own, weights=weights)),
    }
    diagram = _diagram(confidence, right, weights, width)
    return {f"calibration.{name}": value for name, value in (told | diagram | _scaled(material)).items()}


def _width(confidence: Floats) -> np.ndarray:
    return np.array([next(b for b in range(BINS) if c <= EDGES[b + 1] or b == BINS - 1) for c in confidence])


def _depth(confidence: Floats, weights: Floats) -> np.ndarray:
    """Return bins of as much weight each: that in which a sample's begins, in order of confidence."""
    places, before = np.empty(len(confidence), int), 0.0
    for sample in np.argsort(confidence, kind="stable"):
        places[sample] = min(int(before / weights.sum() * BINS + 1e-9), BINS - 1)
        before += weights[sample]
    return places


def _inside(places: np.ndarray, weights: Floats) -> Iterator[np.ndarray]:
    return (inside for number in range(BINS) if weights[inside := places == number].any())


def _gap(confidence: Floats, right: np.ndarray, weights: Floats, inside: np.ndarray) -> float:
    own = weights[inside]
    return float(np.average(right[inside], weights=own) - np.average(confidence[inside], weights=own))


def _error(confidence: Floats, right: np.ndarray, weights: Floats, places: np.ndarray) -> float:
    return sum(
        float(weights[inside].sum() / weights.sum()) * abs(_gap(confidence, right, weights, inside))
        for inside in _inside(places, weights)
    )


def _diagram(confidence: Floats, right: np.ndarray, weights: Floats, places: np.ndarray) -> dict[str, float]:
    told: dict[str, float] = {}
    for number in range(BINS):
        inside, where = places == number, f"bin.{EDGES[number]:.3f}-{EDGES[number + 1]:.3f}"
        if weights[inside].any():
            told[f"confidence.{where}"] = float(np.average(confidence[inside], weights=weights[inside]))
            told[f"accuracy.{where}"] = float(np.average(right[inside], weights=weights[inside]))
            told[f"share.{where}"] = float(weights[inside].sum() / weights.sum())
    return told


def _scaled(material: Material) -> dict[str, float]:
    counted = np.flatnonzero(material.weights)
    halves = np.array_split(np.random.default_rng(SEED).permutation(len(counted)), 2)
    fitted, held_out = (counted[half] for half in halves)

    def surprise(temperature: float, places: np.ndarray) -> float:
        scores = log_softmax(material.logits[places] / temperature, axis=1)
        own = scores[np.arange(len(places)), material.labels[places]]
        return float(np.average(-own, weights=material.weights[places]))

    temperature = float(
        minimize_scalar(surprise, bounds=(0.05, 50), args=(fitted,), method="bounded", options={"xatol": 1e-9}).x
    )
    told = {"temperature": temperature}
    for name, divided in (("unscaled", 1.0), ("scaled", temperature)):
        probabilities, weights = softmax(material.logits[held_out] / divided, axis=1), material.weights[held_out]
        right, confidence = probabilities.argmax(1) == material.labels[held_out], probabilities.max(1)
        told[f"{name}_ece"] = _error(confidence, right, weights, _width(confidence))
        told[f"{name}_nll"] = surprise(divided, held_out)
    removed = {f"{name}_removed": told[f"unscaled_{name}"] - told[f"scaled_{name}"] for name in ("ece", "nll")}
    return told | removed
