"""Loss: cross-entropy of the logits."""

from collections.abc import Iterator

import numpy as np
from scipy.special import log_softmax

from ...kernels.bootstrap import mean_interval
from ..catalogue import Quantity
from ..registry import Parameters, parameter
from ..trials import Value
from . import MEASURES, Column, Evidence


class LossParameters(Parameters):
    """Parameters of the loss."""

    resamples: int = parameter(2000, "Bootstrap resamples of the interval.", ge=100, le=100_000)


@MEASURES.register(
    "loss",
    title="Loss",
    citation="Cross-entropy; percentile bootstrap after Efron and Tibshirani 1993",
    needs=("logits",),
    quantities=(
        Quantity(name="loss", title="Loss", unit="nats", better="lower"),
        Quantity(name="loss.sample", title="Loss of a sample", unit="nats", per_sample=True),
    ),
)
def loss(evidence: Evidence, parameters: LossParameters) -> Iterator[Value | Column]:
    """Mean cross-entropy between the logits' softmax and the true class, with its bootstrap interval."""
    logits = evidence.columns["logits"].astype(np.float64)
    own = -log_softmax(logits, axis=1)[np.arange(len(logits)), evidence.labels]
    yield Column("loss.sample", own.astype(np.float32), "nats")
    mean, low, high = mean_interval(own, evidence.seed, parameters.resamples)
    yield Value(measure="loss", value=mean, low=low, high=high, unit="nats")
