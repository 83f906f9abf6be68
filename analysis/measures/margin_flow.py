"""Across which class boundaries samples went."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..catalogue import Quantity
from ..registry import parameter
from ..weights import some
from . import MEASURES, Column, Evidence, Parameters, Value
from .confusion import confusion_matrix, pair_values
from .summaries import mean_and_column, mean_value, outcome, paired_value, whole_logits


class MarginFlowParameters(Parameters):
    """Parameters of the margin flow."""

    pairs: int = parameter(100, "How many pairs of classes are told, the largest flows first.", unit="pairs", ge=1)


@MEASURES.register(
    "compare.margin_flow",
    title="Margin flow",
    citation="Xia et al. 2023, Understanding Robustness Lottery, arXiv:2206.07918 (margins before and after pruning)",
    quantities=(
        Quantity(name="compare.margin_flow", title="Net flow to the right side", unit="fraction", better="higher"),
        *mean_and_column("compare.margin_flow.change", "Change of the logit margin", better="higher"),
        Quantity(name="compare.margin_flow.across", title="Class across the boundary crossed", per_sample=True),
    ),
    needs=("logits",),
    version=4,
    weighs=True,
    compares=True,
)
def margin_flow(evidence: Evidence, parameters: MarginFlowParameters) -> Iterator[Value | Column]:
    """Count samples that came over to their own class's side less those that left it, in all and by pair of classes.

    A pair ``.pair.TRUE>OTHER`` is a true class and the class that the sample was, or is, taken for. The pairs add up to
    the whole, which is the accuracy gained. The logit margin is that of the true class over the best other one. The
    column of classes is −1 for samples that stayed on their side.

    Raises
    ------
    UserError
        If the labels do not fit one of the networks, or there is no reference.
    """
    own, other = outcome(evidence), outcome(evidence.compared)
    back, gone = own.correct & ~other.correct, other.correct & ~own.correct
    yield paired_value("compare.margin_flow", back.astype(int) - gone, evidence.weights)
    classes = evidence.columns["logits"].shape[1]
    flow = confusion_matrix(
        evidence.labels[back], other.prediction[back], classes, some(evidence.weights, back)
    ) - confusion_matrix(evidence.labels[gone], own.prediction[gone], classes, some(evidence.weights, gone))
    yield from pair_values("compare.margin_flow", flow, evidence, parameters.pairs)
    change = logit_margins(evidence) - logit_margins(evidence.compared)
    yield mean_value("compare.margin_flow.change", change, weights=evidence.weights)
    yield Column("compare.margin_flow.change", change.astype(np.float32))
    across = np.where(back, other.prediction, np.where(gone, own.prediction, -1))
    yield Column("compare.margin_flow.across", across.astype(np.int32))


def logit_margins(evidence: Evidence) -> NDArray[np.float32]:
    """Return the true class's logit less the highest other one, (samples,)."""
    logits = whole_logits(evidence).copy()
    place = evidence.labels[:, None]
    own = np.take_along_axis(logits, place, axis=1)[:, 0]
    np.put_along_axis(logits, place, -np.inf, axis=1)
    return np.asarray(own - logits.max(axis=1))
