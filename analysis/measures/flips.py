"""Which samples changed sides between a reference and this model."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...kernels.paired import mcnemar
from ..catalogue import Quantity
from ..correctness import SIGNIFICANT
from . import MEASURES, Column, Evidence, Parameters, Remark, Value
from .summaries import by_class, outcome, paired_value, share_value


class FlipParameters(Parameters):
    """Flips have no parameters."""


@MEASURES.register(
    "compare.flips",
    title="Flips against the reference",
    citation="Echterhoff et al. 2024, MUSCLE, arXiv:2407.09435 (flips); Fagerland et al. 2013 (McNemar's test)",
    quantities=(
        Quantity(name="compare.flips.negative", title="Negative flips", unit="fraction", better="lower"),
        Quantity(name="compare.flips.positive", title="Positive flips", unit="fraction", better="higher"),
        Quantity(name="compare.flips.agreement", title="Same prediction", unit="fraction", better="higher"),
        Quantity(name="compare.flips.churn", title="Churn", unit="fraction", better="lower"),
        Quantity(name="compare.flips.difference", title="Accuracy gained", unit="fraction", better="higher"),
        Quantity(name="compare.flips.p_exact", title="McNemar's exact p"),
        Quantity(name="compare.flips.p_mid", title="McNemar's mid-p"),
        Quantity(name="compare.flips.distinguishable", title="Told apart from the reference (1) or not (0)"),
        Quantity(name="compare.flips.flip", title="Flip", per_sample=True),
    ),
    needs=("logits",),
    version=4,
    weighs=True,
    compares=True,
)
def flips(evidence: Evidence, parameters: FlipParameters) -> Iterator[Value | Column | Remark]:
    """Count samples that only one of model and reference has right, and say whether the difference is chance.

    A negative flip is a sample that the reference has right and this model wrong. Churn is the share of samples whose
    predicted class differs, or for which one of the two predicts none. Models are told apart where McNemar's exact p is
    at most 0.05; that test has no weighted form, and weighted samples tell them apart where the interval of the
    difference leaves out 0. The column is 1 for a positive flip, −1 for a negative one.

    Raises
    ------
    UserError
        If the labels do not fit one of the networks, or there is no reference.
    """
    own, other = outcome(evidence), outcome(evidence.compared)
    negative, positive = other.correct & ~own.correct, own.correct & ~other.correct
    for name, members in (("negative", negative), ("positive", positive)):
        yield share_value(f"compare.flips.{name}", members, evidence.weights)
        yield from by_class(f"compare.flips.{name}", members, evidence, share_value)
    same = (own.prediction == other.prediction) & (own.prediction >= 0)
    yield share_value("compare.flips.agreement", same, evidence.weights)
    yield share_value("compare.flips.churn", ~same, evidence.weights)
    flip = positive.astype(np.int8) - negative.astype(np.int8)
    gain = paired_value("compare.flips.difference", flip, evidence.weights)
    yield gain
    yield from _weighted_test(gain) if evidence.weights is not None else _test(negative, positive)
    yield Column("compare.flips.flip", flip)


def _test(negative: NDArray[np.bool_], positive: NDArray[np.bool_]) -> Iterator[Value]:
    exact, mid = mcnemar(int(negative.sum()), int(positive.sum()))
    yield Value(measure="compare.flips.p_exact", value=exact)
    yield Value(measure="compare.flips.p_mid", value=mid)
    yield Value(measure="compare.flips.distinguishable", value=float(exact <= SIGNIFICANT))


def _weighted_test(gain: Value) -> Iterator[Value | Remark]:
    assert gain.low is not None, "differences of −1, 0 and 1 have an interval"
    assert gain.high is not None
    yield Value(measure="compare.flips.distinguishable", value=float(gain.low > 0 or gain.high < 0))
    yield Remark(
        "McNemar's test counts samples and knows no weights, so there is no p; models are told apart where the "
        "interval of the weighted difference leaves out 0."
    )
