"""How often the network is right."""

from collections.abc import Iterator

import numpy as np

from ..catalogue import Quantity
from . import MEASURES, Column, Evidence, Parameters, Value
from .summaries import among_best, by_class, labelled_logits, outcome, share_value

_TOP = 5


class AccuracyParameters(Parameters):
    """Accuracy has no parameters."""


@MEASURES.register(
    "accuracy",
    title="Accuracy",
    citation="Russakovsky et al. 2015, ImageNet Large Scale Visual Recognition Challenge, section 4.1 (top-1, top-5)",
    quantities=(
        Quantity(name="accuracy", title="Accuracy", unit="fraction", better="higher"),
        Quantity(name="accuracy.top5", title="Top-5 accuracy", unit="fraction", better="higher"),
        Quantity(name="prediction", title="Predicted class", per_sample=True),
        Quantity(name="correct", title="Correct", per_sample=True),
        Quantity(name="confidence", title="Confidence", unit="fraction", per_sample=True),
    ),
    needs=("logits",),
    version=4,
    weighs=True,
)
def accuracy(evidence: Evidence, parameters: AccuracyParameters) -> Iterator[Value | Column]:
    """Share of samples whose class scores highest, overall and by class, and among the best five of many classes.

    A sample whose scores are not numbers counts as wrong, and has the class −1; of classes that share the highest score
    the first is predicted. Confidence is the softmax probability of the prediction.

    Raises
    ------
    UserError
        If the labels do not fit the network.
    """
    logits = labelled_logits(evidence)
    prediction, confidence, correct = outcome(evidence)
    yield share_value("accuracy", correct, evidence.weights)
    if logits.shape[1] > _TOP:
        yield share_value("accuracy.top5", among_best(evidence, _TOP), evidence.weights)
    yield from by_class("accuracy", correct, evidence, share_value)
    yield Column("prediction", prediction.astype(np.int32))
    yield Column("correct", correct)
    yield Column("confidence", confidence.astype(np.float32), "fraction")
