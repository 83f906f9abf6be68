"""Whether the network is as often right as it claims to be."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from ...kernels.calibration import (
    Reliability,
    best_temperature,
    class_wise_error,
    equal_count,
    equal_width,
    reliability,
)
from ...kernels.intervals import Interval
from ...kernels.intervals.binned import binned_interval, difference_of_errors
from ..catalogue import Quantity
from ..registry import parameter
from ..weights import Weights, some
from . import MEASURES, Column, Evidence, Parameters, Value
from .summaries import counting, mean_and_column, mean_value, share_value, whole_logits, with_interval

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
    version=5,
    weighs=True,
)
def calibration(evidence: Evidence, parameters: CalibrationParameters) -> Iterator[Value | Column]:
    """Gap between confidence and accuracy, in bins of equal width and of equal count, Brier score and likelihood.

    Errors in bins are biased upwards by the noise in each; the intervals of those of the prediction allow for that, and
    class-wise and maximum errors have none. The temperature is fitted on one random half of the samples. On the other,
    the same for all of them, is measured what is ``unscaled`` and ``scaled``, and what scaling ``removed``. The
    reliability diagram is told as ``.bin.FROM-TO`` for each bin of equal width with samples in it, over all of them.
    Where samples are weighted, bins of equal count are those of equal weight.

    Raises
    ------
    UserError
        If the labels do not fit the network.
    """
    logarithms = log_softmax(whole_logits(evidence).astype(np.float64), axis=1)
    told, bins = Told(logarithms, evidence.labels, evidence.weights), parameters.bins
    counted = told.of(np.flatnonzero(counting(evidence, np.ones(len(logarithms), bool))))
    yield from _errors(counted, bins)
    brier = _brier(told)
    yield mean_value("calibration.brier", brier, bounds=(0, 2), weights=told.weights)
    yield Column("calibration.brier", brier.astype(np.float32))
    yield mean_value("calibration.nll", _surprise(told), "nats", weights=told.weights)
    yield from _diagram(told, bins)
    if len(counted.labels) >= _FEWEST:
        yield from _scaled(counted, evidence.seed, bins)


class Told(NamedTuple):
    """Logarithms of the probabilities, (samples, classes), the true classes and the weights, (samples,)."""

    logarithms: NDArray[np.float64]
    labels: NDArray[np.int64]
    weights: Weights

    def of(self, places: NDArray[np.int64]) -> "Told":
        """Return the same of some samples."""
        return Told(self.logarithms[places], self.labels[places], some(self.weights, places))

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Probability of the prediction, (samples,)."""
        return np.asarray(np.exp(self.logarithms.max(axis=1)))

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether it is the true class, (samples,)."""
        return np.asarray(self.logarithms.argmax(axis=1) == self.labels)

    def reliability(self, bins: int) -> Reliability:
        """Return the reliability diagram in bins of equal width."""
        return reliability(self.confidence, self.correct, equal_width(self.confidence, bins), bins, self.weights)

    def error(self, places: NDArray[np.int64]) -> Interval:
        """Return the expected calibration error in some bins, with its interval."""
        return binned_interval(self.confidence, self.correct, places, self.weights)


def _errors(told: Told, bins: int) -> Iterator[Value]:
    even, full = equal_width(told.confidence, bins), equal_count(told.confidence, bins, told.weights)
    for name, places in (("ece", even), ("adaptive", full)):
        yield with_interval(f"calibration.{name}", told.error(places), "fraction")
    classwise = class_wise_error(np.exp(told.logarithms), told.labels, bins, told.weights)
    for name, error in (("classwise", classwise), ("mce", told.reliability(bins).largest)):
        yield Value(measure=f"calibration.{name}", value=error, unit="fraction")


def _diagram(told: Told, bins: int) -> Iterator[Value]:
    diagram, places = told.reliability(bins), equal_width(told.confidence, bins)
    for place in np.flatnonzero(diagram.share):
        where, inside = f"bin.{place / bins:.3f}-{(place + 1) / bins:.3f}", places == place
        yield Value(measure=f"calibration.confidence.{where}", value=float(diagram.confidence[place]), unit="fraction")
        yield share_value(f"calibration.accuracy.{where}", told.correct[inside], some(told.weights, inside))
        yield share_value(f"calibration.share.{where}", inside, told.weights)


def _scaled(told: Told, seed: int, bins: int) -> Iterator[Value]:
    order = np.random.default_rng(seed).permutation(len(told.labels))
    fitted, held_out = (told.of(half) for half in np.array_split(order, 2))
    temperature = best_temperature(*fitted)
    yield Value(measure="calibration.temperature", value=temperature)
    scaled = held_out._replace(logarithms=log_softmax(held_out.logarithms / temperature, axis=1))
    errors = [half.error(equal_width(half.confidence, bins)) for half in (held_out, scaled)]
    removed = difference_of_errors(*errors)
    for name, error in zip(("unscaled_ece", "scaled_ece", "ece_removed"), (*errors, removed), strict=True):
        yield with_interval(f"calibration.{name}", error, "fraction")
    before, after = _surprise(held_out), _surprise(scaled)
    for name, losses in (("unscaled_nll", before), ("scaled_nll", after), ("nll_removed", before - after)):
        yield mean_value(f"calibration.{name}", losses, "nats", weights=held_out.weights)


def _surprise(told: Told) -> NDArray[np.float64]:
    return -np.take_along_axis(told.logarithms, told.labels[:, None], axis=1)[:, 0]


def _brier(told: Told) -> NDArray[np.float64]:
    """Return Σ (p_k − [k = y])² over the classes of each sample, as Brier defined it in 1950."""
    probabilities = np.exp(told.logarithms)
    own = np.take_along_axis(probabilities, told.labels[:, None], axis=1)[:, 0]
    return np.asarray((probabilities**2).sum(axis=1) - 2 * own + 1)
