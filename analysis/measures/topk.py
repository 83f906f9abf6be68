"""How far down the list of guesses the true class stands."""

from collections.abc import Iterator

import numpy as np

from ..catalogue import Quantity
from ..registry import parameter
from . import MEASURES, Column, Evidence, Parameters, Value
from .summaries import among_best, by_class, mean_and_column, mean_value, ranks, share_value


class TopKParameters(Parameters):
    """Parameters of the top-k accuracy."""

    k: int = parameter(5, "Among how many best classes the true one must be.", unit="classes", ge=1)


@MEASURES.register(
    "accuracy.topk",
    title="Top-k accuracy",
    citation="Russakovsky et al. 2015, ImageNet Large Scale Visual Recognition Challenge, section 4.1",
    quantities=(
        Quantity(name="accuracy.topk", title="Top-k accuracy", unit="fraction", better="higher"),
        *mean_and_column("accuracy.topk.rank", "Rank of the true class", better="lower"),
    ),
    needs=("logits",),
    version=4,
    weighs=True,
)
def topk(evidence: Evidence, parameters: TopKParameters) -> Iterator[Value | Column]:
    """Share of samples whose true class is among the k that score highest, overall and by class, and its mean rank.

    The best rank is 0, that of the prediction: of classes that score alike the first stands before the others. In a
    sample whose scores are not numbers the true class is the last.

    Raises
    ------
    UserError
        If the labels do not fit the network.
    """
    rank, hits = ranks(evidence), among_best(evidence, parameters.k)
    yield share_value("accuracy.topk", hits, evidence.weights)
    yield from by_class("accuracy.topk", hits, evidence, share_value)
    yield mean_value("accuracy.topk.rank", rank, weights=evidence.weights)
    yield Column("accuracy.topk.rank", rank.astype(np.int32))
