"""What measures share: labelled logits, what they predict, means with their intervals, and means by class."""

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.intervals import Interval
from ...kernels.intervals.means import mean_interval
from ...kernels.intervals.paired import paired_interval
from ...kernels.intervals.shares import bounded_interval, share_interval
from ..catalogue import Quantity
from ..errors import UserError
from ..trials import Value
from . import Evidence


def mean_and_column(
    name: str, title: str, unit: str = "", better: Literal["higher", "lower"] | None = None
) -> tuple[Quantity, Quantity]:
    """Return the two quantities of one name: the mean over the samples, and the column with a value for each."""
    mean = Quantity(name=name, title=title, unit=unit, better=better)
    return mean, mean.replaced(per_sample=True)


def labelled_logits(evidence: Evidence) -> NDArray[np.float32]:
    """Return the logits, shape (samples, classes), once it is sure that they and the labels belong together.

    Raises
    ------
    UserError
        If there are no samples, or the labels name classes that the network does not have.
    """
    logits, labels = evidence.columns["logits"], evidence.labels
    if not len(labels):
        raise UserError("There are no samples to measure on.", "Choose a data set with at least one sample.")
    if labels.min() < 0:
        raise UserError("The data have no labels.", "Declare their column, or leave this measure out.")
    if labels.max() >= logits.shape[1]:
        raise UserError(
            f"The data have a class number {labels.max()}, but the network tells {logits.shape[1]} classes apart.",
            "Choose the data set that the network was trained for.",
        )
    return logits


class Outcome(NamedTuple):
    """Predicted class, its softmax probability, and whether it is the true one; each (samples,)."""

    prediction: NDArray[np.int64]
    confidence: NDArray[np.float32]
    correct: NDArray[np.bool_]


def outcome(evidence: Evidence) -> Outcome:
    """Return what the network predicts; scores that are not numbers count as wrong.

    Raises
    ------
    UserError
        If the labels do not fit the network.
    """
    logits = labelled_logits(evidence)
    prediction = logits.argmax(axis=1)
    confidence = 1 / np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)
    return Outcome(prediction, confidence, (prediction == evidence.labels) & np.isfinite(confidence))


def ranks(evidence: Evidence) -> NDArray[np.int64]:
    """Return how many classes score above the true one of each sample, (samples,); what is not a number does."""
    logits = labelled_logits(evidence)
    own = np.take_along_axis(logits, evidence.labels[:, None], axis=1)
    return np.asarray(np.sum(~(logits <= own), axis=1))  # written so that NaN counts as ahead


def share_value(name: str, hits: NDArray[np.bool_]) -> Value:
    """Return the share of samples that are hits, with its interval."""
    return with_interval(name, share_interval(int(np.count_nonzero(hits)), len(hits)), "fraction")


def paired_value(name: str, apart: NDArray[Any]) -> Value:
    """Return the mean of one difference of shares a sample, with its interval."""
    return _mean(name, apart, paired_interval(apart), "fraction")


def mean_value(name: str, values: NDArray[Any], unit: str = "", bounds: tuple[float, float] | None = None) -> Value:
    """Return the mean of one number a sample, with its interval; numbers may be known to lie between two bounds."""
    found = mean_interval(values) if bounds is None else bounded_interval(values, *bounds)
    return _mean(name, values, found, unit)


def with_interval(name: str, found: Interval, unit: str = "") -> Value:
    """Return a number with the bounds of its interval as a value."""
    return Value(measure=name, value=found.mean, low=found.low, high=found.high, unit=unit)


def by_class(
    name: str, values: NDArray[Any], evidence: Evidence, told: Callable[[str, NDArray[Any]], Value]
) -> Iterator[Value]:
    """Give what is told of each class that has samples, as ``name.class.<class>``."""
    for index, title in enumerate(evidence.classes):
        members = values[evidence.labels == index]
        if len(members):
            yield told(f"{name}.class.{title}", members)


def _mean(name: str, values: NDArray[Any], found: Interval | None, unit: str) -> Value:
    if found is None:
        return Value(measure=name, value=float(np.mean(values, dtype=np.float64)), unit=unit)
    return with_interval(name, found, unit)
