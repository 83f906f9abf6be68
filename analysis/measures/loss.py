"""How surprised the network is by the true classes."""

from collections.abc import Iterator

import numpy as np

from . import MEASURES, Column, Evidence, Parameters, Value
from .summaries import mean_and_column, mean_value, whole_logits


class LossParameters(Parameters):
    """Cross-entropy has no parameters."""


@MEASURES.register(
    "loss",
    title="Cross-entropy",
    citation="Goodfellow, Bengio and Courville 2016, Deep Learning, section 6.2.2",
    quantities=mean_and_column("loss", "Cross-entropy", "nats", "lower"),
    needs=("logits",),
    version=3,
    weighs=True,
)
def loss(evidence: Evidence, parameters: LossParameters) -> Iterator[Value | Column]:
    """Mean of −log softmax probability of the true class.

    Raises
    ------
    UserError
        If the labels do not fit the network.
    """
    logits = whole_logits(evidence).astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    own = np.take_along_axis(logits, evidence.labels[:, None], axis=1)[:, 0]
    surprise = np.log(np.exp(logits).sum(axis=1)) - own
    yield mean_value("loss", surprise, "nats", weights=evidence.weights)
    yield Column("loss", surprise.astype(np.float32), "nats")
