"""What measures share: labelled logits, what they predict, means with their intervals, and means by class."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...kernels.intervals import Interval
from ...kernels.intervals.effective import weighted_counts
from ...kernels.intervals.means import mean_interval
from ...kernels.intervals.paired import paired_interval
from ...kernels.intervals.ratios import ratio_interval
from ...kernels.intervals.shares import bounded_interval, hits_interval
from ..catalogue import Quantity
from ..errors import UserError
from ..trials import Value
from ..weights import Weights, some
from . import Evidence
from .scores import require_all_scores, require_some_scores, scored


class Told(Protocol):
    """What is told of some samples' numbers, such as `share_value`."""

    def __call__(self, name: str, values: NDArray[Any], /, *, weights: Weights) -> Value: ...


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


def share_value(name: str, hits: NDArray[np.bool_], weights: Weights = None) -> Value:
    """Return the share of samples that are hits, with its interval.

    Raises
    ------
    ValueError
        If there are no samples, or all have the weight 0.
    """
    found = hits_interval(hits, weights)
    if found is None:
        raise ValueError("a share needs at least one sample that counts")
    return with_interval(name, found, "fraction")


def paired_value(name: str, apart: NDArray[Any], weights: Weights = None) -> Value:
    """Return the mean of one difference of shares a sample, with its interval."""
    numbers, counted = _counted(apart, weights)
    return _mean(name, numbers, counted, paired_interval(numbers, counted), "fraction")


def mean_value(
    name: str,
    values: NDArray[Any],
    unit: str = "",
    bounds: tuple[float, float] | None = None,
    weights: Weights = None,
) -> Value:
    """Return the mean of one number a sample, with its interval; numbers may be known to lie between two bounds."""
    numbers, counted = _counted(values, weights)
    found = mean_interval(numbers, counted) if bounds is None else bounded_interval(numbers, *bounds, counted)
    return _mean(name, numbers, counted, found, unit)


def ratio_value(name: str, own: NDArray[Any], other: NDArray[Any], unit: str = "", weights: Weights = None) -> Value:
    """Return the ratio of two sums over the samples, with its interval; samples that add nothing to ``other`` are none.

    Where a number is not finite neither is the ratio.
    """
    adding = (other > 0) if weights is None else (other > 0) & (weights > 0)
    sums, counted = (own[adding, None], other[adding, None]), some(weights, adding)
    whole = np.isfinite(own if weights is None else own[weights > 0]).all()
    found = ratio_interval(*sums, counted) if whole else None
    if found:
        return with_interval(name, found, unit)
    above, below = (numbers.sum() if counted is None else counted @ numbers[:, 0] for numbers in sums)
    return Value(measure=name, value=float(above / below), unit=unit)


def with_interval(name: str, found: Interval, unit: str = "") -> Value:
    """Return a number with the bounds of its interval as a value."""
    return Value(measure=name, value=found.mean, low=found.low, high=found.high, unit=unit)


def by_class(name: str, values: NDArray[Any], evidence: Evidence, told: Told) -> Iterator[Value]:
    """Give what is told of each class that has samples, as ``name.class.<class>``."""
    for index, title in enumerate(evidence.classes):
        members = counting(evidence, evidence.labels == index)
        if members.any():
            weights = some(evidence.weights, members)
            yield told(f"{name}.class.{title}", values[members], weights=weights)


def counting(evidence: Evidence, members: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which samples of a part, (samples,), count: all but those of weight 0."""
    return members if evidence.weights is None else members & (evidence.weights > 0)


def share_counts(hits: NDArray[np.bool_], weights: Weights) -> tuple[float, float]:
    """Return the hits and the size of a share of samples, or of the equal ones that say as much as weighted samples."""
    return (int(np.count_nonzero(hits)), len(hits)) if weights is None else weighted_counts(hits, weights)


def _counted(values: NDArray[Any], weights: Weights) -> tuple[NDArray[Any], Weights]:
    """Return the numbers of the samples that count."""
    return (values, None) if weights is None else (values[weights > 0], weights[weights > 0])


def _mean(name: str, values: NDArray[Any], weights: Weights, found: Interval | None, unit: str) -> Value:
    if found is not None:
        return with_interval(name, found, unit)
    with np.errstate(invalid="ignore"):  # of infinities of both signs
        plain = np.mean(values, dtype=np.float64) if weights is None else np.average(values, weights=weights)
        return Value(measure=name, value=float(plain), unit=unit)
