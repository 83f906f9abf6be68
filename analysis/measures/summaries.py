"""What measures share: labelled logits, what they predict, means with their intervals, and means by class."""

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.intervals import Interval
from ...kernels.intervals.means import mean_interval
from ...kernels.intervals.paired import paired_interval
from ...kernels.intervals.ratios import ratio_interval
from ...kernels.intervals.shares import bounded_interval, share_interval
from ..catalogue import Quantity
from ..errors import UserError
from ..trials import Value
from . import Evidence
from .scores import require_all_scores, require_some_scores, scored


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
    NoScoresError
        If no sample has scores that can be compared.
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
    require_some_scores(logits)
    return logits


def whole_logits(evidence: Evidence) -> NDArray[np.float32]:
    """Return the `labelled_logits` for what cannot do without those of a single sample.

    Raises
    ------
    UserError
        As `labelled_logits`.
    NoScoresError
        If a sample has no scores that can be compared.
    """
    logits = labelled_logits(evidence)
    require_all_scores(logits)
    return logits


class Outcome(NamedTuple):
    """Predicted class, its softmax probability, and whether it is the true one; each (samples,).

    A sample without scores has the class −1 and the probability NaN, and is wrong.
    """

    prediction: NDArray[np.int64]
    confidence: NDArray[np.float32]
    correct: NDArray[np.bool_]


def outcome(evidence: Evidence) -> Outcome:
    """Return what the network predicts: of classes that share the highest score, the first.

    Raises
    ------
    UserError
        As `labelled_logits`.
    """
    logits = labelled_logits(evidence)
    prediction = np.where(scored(logits), logits.argmax(axis=1), -1)
    with np.errstate(invalid="ignore"):
        confidence = 1 / np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)
    return Outcome(prediction, confidence, prediction == evidence.labels)


def ranks(evidence: Evidence) -> NDArray[np.int64]:
    """Return how many classes stand before the true one of each sample, (samples,): those above, and equals before it.

    Rank 0 is thus that of the prediction. In a sample without scores the true class is the last.
    """
    logits = labelled_logits(evidence)
    place = evidence.labels[:, None]
    own = np.take_along_axis(logits, place, axis=1)
    ahead = (logits > own) | ((logits == own) & (np.arange(logits.shape[1]) < place))
    return np.asarray(np.where(scored(logits), ahead.sum(axis=1), logits.shape[1] - 1))


def among_best(evidence: Evidence, count: int) -> NDArray[np.bool_]:
    """Return whether the true class of each sample stands among as many best ones, (samples,)."""
    return (ranks(evidence) < count) & scored(labelled_logits(evidence))


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


def ratio_value(name: str, own: NDArray[Any], other: NDArray[Any], unit: str = "") -> Value:
    """Return the ratio of two sums over the samples, with its interval; samples that add nothing to ``other`` are none.

    Where a number is not finite neither is the ratio.
    """
    adding = other > 0
    sums = own[adding, None], other[adding, None]
    found = ratio_interval(*sums) if np.isfinite(own).all() else None
    if found:
        return with_interval(name, found, unit)
    return Value(measure=name, value=float(sums[0].sum() / sums[1].sum()), unit=unit)


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
        with np.errstate(invalid="ignore"):  # of infinities of both signs
            return Value(measure=name, value=float(np.mean(values, dtype=np.float64)), unit=unit)
    return with_interval(name, found, unit)
