"""What one of two models knows and the other does not."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..catalogue import Quantity
from . import MEASURES, Evidence, Parameters, Value
from .summaries import by_class, outcome, share_value


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
    version=3,
    compares=True,
)
def complementary(evidence: Evidence, parameters: ComplementaryParameters) -> Iterator[Value]:
    """Count the samples and classes that the model has right and the reference wrong, and the other way round.

    Shares of errors are 0, without an interval, where there are none.

    Raises
    ------
    UserError
        If the labels do not fit one of the networks, or there is no reference.
    """
    own, other = outcome(evidence).correct, outcome(evidence.compared).correct
    for name, members in (("own", own & ~other), ("other", other & ~own)):
        yield share_value(f"compare.complementary.{name}", members)
        yield from by_class(f"compare.complementary.{name}", members, evidence, share_value)
    yield share_value("compare.complementary.either", own | other)
    yield _of_errors("compare.complementary.mended", own[~other])
    yield _of_errors("compare.complementary.mendable", other[~own])


def _of_errors(name: str, hits: NDArray[np.bool_]) -> Value:
    return share_value(name, hits) if len(hits) else Value(measure=name, value=0.0, unit="fraction")
