"""What measures share: labelled logits, what they predict, means with their intervals, and means by class."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.bootstrap import mean_interval
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


def mean_value(name: str, values: NDArray[Any], evidence: Evidence, unit: str) -> Value:
    """Return the mean of one number a sample, with its 95 % bootstrap interval."""
    mean, low, high = mean_interval(values, evidence.seed)
    return Value(measure=name, value=mean, low=low, high=high, unit=unit)


def class_means(name: str, values: NDArray[Any], evidence: Evidence, unit: str) -> Iterator[Value]:
    """Give the mean over each class that has samples, as ``name.class.<class>``."""
    for index, title in enumerate(evidence.classes):
        members = values[evidence.labels == index]
        if len(members):
            yield mean_value(f"{name}.class.{title}", members, evidence, unit)
