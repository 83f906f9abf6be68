"""Accuracy: how often the highest logit is the true class."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from ...kernels.bootstrap import mean_interval
from ..catalogue import Quantity
from ..registry import Parameters, parameter
from ..trials import Value
from . import MEASURES, Column, Evidence

_TOP = 5


class AccuracyParameters(Parameters):
    """Parameters of the accuracy."""

    resamples: int = parameter(2000, "Bootstrap resamples of the interval.", ge=100, le=100_000)


@MEASURES.register(
    "accuracy",
    title="Accuracy",
    citation="Share of correct predictions; percentile bootstrap after Efron and Tibshirani 1993",
    needs=("logits",),
    quantities=(
        Quantity(name="accuracy", title="Accuracy", unit="fraction", better="higher"),
        Quantity(name="accuracy.top5", title="Top-5 accuracy", unit="fraction", better="higher"),
        Quantity(name="prediction", title="Prediction", per_sample=True),
        Quantity(name="correct", title="Correct", better="higher", per_sample=True),
        Quantity(name="confidence", title="Confidence", unit="fraction", per_sample=True),
    ),
)
def accuracy(evidence: Evidence, parameters: AccuracyParameters) -> Iterator[Value | Column]:
    """Share of samples whose highest logit is the true class, overall and by class, with bootstrap intervals."""
    logits, labels = evidence.columns["logits"], evidence.labels
    prediction = logits.argmax(1)
    correct = prediction == labels
    yield Column("prediction", prediction.astype(np.int32))
    yield Column("correct", correct.astype(np.uint8))
    yield Column("confidence", softmax(logits, axis=1).max(1), "fraction")
    yield _share("accuracy", correct, evidence.seed, parameters.resamples)
    if logits.shape[1] > _TOP:
        top = (np.argpartition(-logits, _TOP, axis=1)[:, :_TOP] == labels[:, None]).any(1)
        yield _share("accuracy.top5", top, evidence.seed, parameters.resamples)
    for label, name in enumerate(evidence.classes):
        own = correct[labels == label]
        if len(own):
            yield _share(f"accuracy.class.{name}", own, evidence.seed, parameters.resamples)


def _share(name: str, hits: NDArray[np.bool_], seed: int, resamples: int) -> Value:
    mean, low, high = mean_interval(hits, seed, resamples)
    return Value(measure=name, value=mean, low=low, high=high, unit="fraction")
