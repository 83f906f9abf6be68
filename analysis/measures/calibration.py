"""Whether the network is as often right as it claims to be."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from ...kernels.calibration import best_temperature, class_wise_error, equal_count, equal_width, reliability
from ...kernels.intervals import Interval
from ...kernels.intervals.binned import binned_interval, difference_of_errors
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


def _loss(name: str, title: str, better: Literal["higher", "lower"]) -> Quantity:
    return Quantity(name=f"calibration.{name}", title=title, unit="nats", better=better)


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
        _loss("nll", "Negative log-likelihood (NLL)", "lower"),
        Quantity(name="calibration.temperature", title="Best temperature, for one half of the samples"),
        _error("unscaled_ece", "Calibration error before temperature scaling, on the other half"),
        _error("scaled_ece", "Calibration error after temperature scaling, on the other half"),
        Quantity(
            name="calibration.ece_removed",
            title="Calibration error that temperature scaling removes, on the other half",
            unit="fraction",
            better="higher",
        ),
        _loss("unscaled_nll", "NLL before temperature scaling, on the other half", "lower"),
        _loss("scaled_nll", "NLL after temperature scaling, on the other half", "lower"),
        _loss("nll_removed", "NLL that temperature scaling removes, on the other half", "higher"),
        Quantity(name="calibration.confidence", title="Confidence in a bin", unit="fraction"),
        Quantity(name="calibration.accuracy", title="Accuracy in a bin", unit="fraction"),
        Quantity(name="calibration.share", title="Samples in a bin", unit="fraction"),
    ),
    needs=("logits",),
    version=4,
)
def calibration(evidence: Evidence, parameters: CalibrationParameters) -> Iterator[Value | Column]:
    """Gap between confidence and accuracy, in bins of equal width and of equal count, Brier score and likelihood.

    Errors in bins are biased upwards by the noise in each; the intervals of those of the prediction allow for that, and
    class-wise and maximum errors have none. The temperature is fitted on one random half of the samples. On the other,
    the same for all of them, is measured what is ``unscaled`` and ``scaled``, and what scaling ``removed``. The
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
    even = equal_width(confidence, bins)
    for name, places in (("ece", even), ("adaptive", equal_count(confidence, bins))):
        yield with_interval(f"calibration.{name}", binned_interval(confidence, correct, places), "fraction")
    classwise = class_wise_error(np.exp(logarithms), labels, bins)
    largest = reliability(confidence, correct, even, bins).largest
    for name, error in (("classwise", classwise), ("mce", largest)):
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
    plain, labels = logarithms[held_out], evidence.labels[held_out]
    scaled = log_softmax(plain / temperature, axis=1)
    yield from _errors_of_half(_even_error(plain, labels, bins), _even_error(scaled, labels, bins))
    before, after = _surprise(plain, labels), _surprise(scaled, labels)
    for name, losses in (("unscaled_nll", before), ("scaled_nll", after), ("nll_removed", before - after)):
        yield mean_value(f"calibration.{name}", losses, "nats")


def _errors_of_half(before: Interval, after: Interval) -> Iterator[Value]:
    removed = difference_of_errors(before, after)
    for name, error in (("unscaled_ece", before), ("scaled_ece", after), ("ece_removed", removed)):
        yield with_interval(f"calibration.{name}", error, "fraction")


def _even_error(logarithms: NDArray[np.float64], labels: NDArray[np.int64], bins: int) -> Interval:
    confidence, correct = _confidence(logarithms, labels)
    return binned_interval(confidence, correct, equal_width(confidence, bins))


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
