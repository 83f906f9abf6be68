"""Whether the network is as often right as it claims to be."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from ...kernels.calibration import best_temperature, class_wise_error, equal_count, equal_width, reliability
from ...kernels.intervals.shares import share_interval
from ..catalogue import Quantity
from ..registry import parameter
from . import MEASURES, Column, Evidence, Parameters, Value
from .summaries import mean_and_column, mean_value, whole_logits, with_interval

_FEWEST = 4  # samples of which a half can tell a temperature


class CalibrationParameters(Parameters):
    """Parameters of the calibration."""

    bins: int = parameter(15, "Into how many bins confidences are sorted.", unit="bins", ge=1, le=1000)


def _error(name: str, title: str) -> Quantity:
    return Quantity(name=f"calibration.{name}", title=title, unit="fraction", better="lower")


@MEASURES.register(
    "calibration",
    title="Calibration",
    citation="Guo et al. 2017, On Calibration of Modern Neural Networks; Tao et al. 2024, arXiv:2308.11838",
    quantities=(
        _error("ece", "Expected calibration error"),
        _error("adaptive", "Adaptive calibration error"),
        _error("classwise", "Class-wise calibration error"),
        _error("mce", "Maximum calibration error"),
        *mean_and_column("calibration.brier", "Brier score", better="lower"),
        Quantity(name="calibration.nll", title="Negative log-likelihood (NLL)", unit="nats", better="lower"),
        Quantity(name="calibration.temperature", title="Best temperature"),
        _error("scaled_ece", "Calibration error after temperature scaling"),
        Quantity(name="calibration.scaled_nll", title="NLL after temperature scaling", unit="nats", better="lower"),
        Quantity(name="calibration.confidence", title="Confidence in a bin", unit="fraction"),
        Quantity(name="calibration.accuracy", title="Accuracy in a bin", unit="fraction"),
        Quantity(name="calibration.share", title="Samples in a bin", unit="fraction"),
    ),
    needs=("logits",),
    version=3,
)
def calibration(evidence: Evidence, parameters: CalibrationParameters) -> Iterator[Value | Column]:
    """Gap between confidence and accuracy, in bins of equal width and of equal count, Brier score and likelihood.

    Errors in bins have no interval: they are biased upwards by the noise in each bin, and resampling adds to it.
    The temperature is fitted on one random half of the samples, and what is ``scaled`` is measured on the other. The
    reliability diagram is told as ``.bin.FROM-TO`` for each bin of equal width with samples in it, over all of them.

    Raises
    ------
    UserError
        If the labels do not fit the network.
    """
    logarithms = log_softmax(whole_logits(evidence).astype(np.float64), axis=1)
    labels, bins = evidence.labels, parameters.bins
    yield from _errors(logarithms, labels, bins)
    brier = _brier(logarithms, labels)
    yield mean_value("calibration.brier", brier, bounds=(0, 2))
    yield Column("calibration.brier", brier.astype(np.float32))
    yield mean_value("calibration.nll", _surprise(logarithms, labels), "nats")
    yield from _diagram(logarithms, labels, bins)
    if len(labels) >= _FEWEST:
        yield from _scaled(evidence, logarithms, bins)


def _errors(logarithms: NDArray[np.float64], labels: NDArray[np.int64], bins: int) -> Iterator[Value]:
    confidence, correct = _confidence(logarithms, labels)
    even = reliability(confidence, correct, equal_width(confidence, bins), bins)
    full = reliability(confidence, correct, equal_count(confidence, bins), bins)
    classwise = class_wise_error(np.exp(logarithms), labels, bins)
    for name, error in (
        ("ece", even.error),
        ("adaptive", full.error),
        ("classwise", classwise),
        ("mce", even.largest),
    ):
        yield Value(measure=f"calibration.{name}", value=error, unit="fraction")


def _diagram(logarithms: NDArray[np.float64], labels: NDArray[np.int64], bins: int) -> Iterator[Value]:
    confidence, correct = _confidence(logarithms, labels)
    diagram = reliability(confidence, correct, equal_width(confidence, bins), bins)
    for place in np.flatnonzero(diagram.share):
        where = f"bin.{place / bins:.3f}-{(place + 1) / bins:.3f}"
        mean, right, share = (float(numbers[place]) for numbers in diagram)
        size = round(share * len(labels))
        yield Value(measure=f"calibration.confidence.{where}", value=mean, unit="fraction")
        yield with_interval(f"calibration.accuracy.{where}", share_interval(round(right * size), size), "fraction")
        yield with_interval(f"calibration.share.{where}", share_interval(size, len(labels)), "fraction")


def _scaled(evidence: Evidence, logarithms: NDArray[np.float64], bins: int) -> Iterator[Value]:
    order = np.random.default_rng(evidence.seed).permutation(len(logarithms))
    fitted, held_out = np.array_split(order, 2)
    temperature = best_temperature(logarithms[fitted], evidence.labels[fitted])
    yield Value(measure="calibration.temperature", value=temperature)
    scaled, labels = log_softmax(logarithms[held_out] / temperature, axis=1), evidence.labels[held_out]
    confidence, correct = _confidence(scaled, labels)
    error = reliability(confidence, correct, equal_width(confidence, bins), bins).error
    yield Value(measure="calibration.scaled_ece", value=error, unit="fraction")
    yield mean_value("calibration.scaled_nll", _surprise(scaled, labels), "nats")


def _confidence(
    logarithms: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    return np.exp(logarithms.max(axis=1)), logarithms.argmax(axis=1) == labels


def _surprise(logarithms: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    return -np.take_along_axis(logarithms, labels[:, None], axis=1)[:, 0]


def _brier(logarithms: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return Σ (p_k − [k = y])² over the classes of each sample, as Brier defined it in 1950."""
    probabilities = np.exp(logarithms)
    own = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0]
    return np.asarray((probabilities**2).sum(axis=1) - 2 * own + 1)
