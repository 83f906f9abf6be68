"""What one of two models knows and the other does not."""

from collections.abc import Iterator
from math import nan

import numpy as np
from numpy.typing import NDArray

from ..catalogue import Quantity
from ..weights import Weights, some
from . import MEASURES, Evidence, Parameters, Remark, Value
from .summaries import by_class, counting, outcome, share_value


class ComplementaryParameters(Parameters):
    """Complementary knowledge has no parameters."""


def _share(name: str, title: str) -> Quantity:
    return Quantity(name=f"compare.complementary.{name}", title=title, unit="fraction", better="higher")


@MEASURES.register(
    "compare.complementary",
    title="Complementary knowledge",
    citation="Roth et al. 2024, Fantastic Gains and Where to Find Them, arXiv:2310.17653",
    quantities=(
        _share("own", "Right where the reference is wrong"),
        _share("other", "Reference is right where it is wrong"),
        _share("either", "Right in at least one of both"),
        _share("mended", "Reference's errors that it has right"),
        _share("mendable", "Its errors that the reference has right"),
    ),
    needs=("logits",),
    version=5,
    weighs=True,
    compares=True,
)
def complementary(evidence: Evidence, parameters: ComplementaryParameters) -> Iterator[Value | Remark]:
    """Count the samples and classes that the model has right and the reference wrong, and the other way round.

    There is no share of errors where there are none.

    Raises
    ------
    UserError
        If the labels do not fit one of the networks, or there is no reference.
    """
    own, other = outcome(evidence).correct, outcome(evidence.compared).correct
    for name, members in (("own", own & ~other), ("other", other & ~own)):
        yield share_value(f"compare.complementary.{name}", members, evidence.weights)
        yield from by_class(f"compare.complementary.{name}", members, evidence, share_value)
    yield share_value("compare.complementary.either", own | other, evidence.weights)
    for name, hits, missed, whose in (("mended", own, ~other, "the reference"), ("mendable", other, ~own, "the model")):
        errors = counting(evidence, missed)
        yield from _of_errors(name, hits[errors], some(evidence.weights, errors), whose)


def _of_errors(name: str, hits: NDArray[np.bool_], weights: Weights, whose: str) -> Iterator[Value | Remark]:
    measure = f"compare.complementary.{name}"
    if len(hits):
        yield share_value(measure, hits, weights)
    else:
        yield Value(measure=measure, value=nan, unit="fraction")
        yield Remark(f"there is no share that is {name}, for {whose} makes no error.")
