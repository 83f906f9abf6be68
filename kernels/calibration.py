"""How far a network's confidence is from its accuracy, and the temperature that mends it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

_ROUNDING = 1e-9  # of a bin
_WIDEST = 8.0  # natural logarithm of the largest and the smallest temperature that are tried


class Reliability(NamedTuple):
    """A reliability diagram; each of shape (bins,), and nan for an empty bin.

    Attributes
    ----------
    confidence, accuracy : array
        Means over the bin's samples.
    share : array
        Share of all samples; 0 for an empty bin.
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    share: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Expected calibration error: the mean gap, weighted by the bins' shares."""
        return float(np.nansum(self.share * np.abs(self.accuracy - self.confidence)))

    @property
    def largest(self) -> float:
        """Maximum calibration error: the largest gap of a bin; 0 without samples."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float(np.nanmax(gaps)) if np.isfinite(gaps).any() else 0.0


def equal_width(confidence: NDArray[np.floating], bins: int) -> NDArray[np.int64]:
    """Return the bin, 0 to bins − 1, of each confidence in [0, 1]; bins are open to the left, but the first."""
    return np.clip(np.ceil(np.asarray(confidence, np.float64) * bins).astype(np.int64) - 1, 0, bins - 1)


def equal_count(
    confidence: NDArray[np.floating], bins: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Return the bin of each confidence so that each bin has as many samples, ±1, in order of confidence.

    With weights, (samples,), each has as much weight, up to that of one sample.

    Source: Nguyen and O'Connor 2015; Nixon et al. 2019, Measuring Calibration in Deep Learning (adaptive).
    """
    order, places = np.argsort(confidence, kind="stable"), np.empty(len(confidence), np.int64)
    if weights is None:
        places[order] = np.arange(len(confidence)) * bins // max(1, len(confidence))
        return places
    before = np.cumsum(weights[order]) - weights[order]
    places[order] = np.clip((before / weights.sum() * bins + _ROUNDING).astype(np.int64), 0, bins - 1)
    return places


def reliability(
    confidence: NDArray[np.floating],
    correct: NDArray[np.generic],
    places: NDArray[np.int64],
    bins: int,
    weights: NDArray[np.float64] | None = None,
) -> Reliability:
    """Return the reliability diagram.

    Parameters
    ----------
    confidence : array, shape (samples,)
        Probability that the network gave its prediction.
    correct : array, shape (samples,)
        Whether it is right, 0 or 1.
    places : array of int64, shape (samples,)
        Each sample's bin, from `equal_width` or `equal_count`.
    bins : int
        How many there are.
    weights : array, shape (samples,), or None
        Of the samples, 0 and above: means and shares are weighted.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, section 2.
    """
    counts = np.bincount(places, weights, bins)
    held = np.where(counts > 0, counts, np.nan)
    each = 1 if weights is None else weights
    sums = [np.bincount(places, np.asarray(values, np.float64) * each, bins) for values in (confidence, correct)]
    return Reliability(
        sums[0] / held, sums[1] / held, counts / (max(1, len(places)) if weights is None else weights.sum())
    )


def reliability_reference(
    confidence: NDArray[np.floating],
    correct: NDArray[np.generic],
    places: NDArray[np.int64],
    bins: int,
    weights: NDArray[np.float64] | None = None,
) -> Reliability:
    """Return `reliability` one bin at a time."""
    rows, own = [], np.ones(len(places)) if weights is None else weights
    for number in range(bins):
        inside = (places == number) & (own > 0)
        told = (np.average(values[inside], weights=own[inside]) for values in (confidence, correct))
        means = tuple(told) if inside.any() else (np.nan, np.nan)
        rows.append((*means, own[inside].sum() / own.sum()))
    return Reliability(*np.array(rows, np.float64).T)


def class_wise_error(
    probabilities: NDArray[np.floating],
    labels: NDArray[np.int64],
    bins: int,
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Return the calibration error of each class's probability, averaged over the classes.

    Parameters
    ----------
    probabilities : array, shape (samples, classes)
    labels : array of int64, shape (samples,)
    bins : int
        Of equal width.
    weights : array, shape (samples,), or None
        Of the samples.

    Source: Kull et al. 2019, Beyond Temperature Scaling, arXiv:1910.12656 (classwise-ECE).
    """
    columns = np.asarray(probabilities).T
    errors = [reliability(p, labels == k, equal_width(p, bins), bins, weights).error for k, p in enumerate(columns)]
    return float(np.mean(errors))


def best_temperature(
    logits: NDArray[np.floating], labels: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> float:
    """Return the temperature above 0 by which dividing the logits makes the labels most likely.

    The likelihood is concave in the inverse of the temperature, so there is one maximum; it is looked for between
    e⁻⁸ and e⁸, where separable data end.

    Parameters
    ----------
    logits : array, shape (samples, classes)
    labels : array of int64, shape (samples,)
    weights : array, shape (samples,), or None
        Of the samples.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, section 4.2.
    """
    scores = np.asarray(logits, np.float64)
    place = labels[:, None]

    def surprise(logarithm: float) -> float:
        own = np.take_along_axis(log_softmax(scores * np.exp(-logarithm), axis=1), place, axis=1)[:, 0]
        return -float(np.average(own, weights=weights))

    found = minimize_scalar(surprise, bounds=(-_WIDEST, _WIDEST), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))
