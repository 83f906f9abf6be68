"""What one of two models knows and the other does not."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..catalogue import Quantity
from . import MEASURES, Evidence, Parameters, Value
from .summaries import class_means, mean_value, outcome


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
    compares=True,
)
def complementary(evidence: Evidence, parameters: ComplementaryParameters) -> Iterator[Value]:
    """Count the samples and classes that the model has right and the reference wrong, and the other way round.

    Shares of errors are 0 where there are none.

    Raises
    ------
    UserError
        If the labels do not fit one of the networks, or there is no reference.
    """
    own, other = outcome(evidence).correct, outcome(evidence.compared).correct
    for name, members in (("own", own & ~other), ("other", other & ~own)):
        yield mean_value(f"compare.complementary.{name}", members, evidence, "fraction")
        yield from class_means(f"compare.complementary.{name}", members, evidence, "fraction")
    yield mean_value("compare.complementary.either", own | other, evidence, "fraction")
    yield mean_value("compare.complementary.mended", _or_none(own[~other]), evidence, "fraction")
    yield mean_value("compare.complementary.mendable", _or_none(other[~own]), evidence, "fraction")


def _or_none(hits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return hits if len(hits) else np.zeros(1, bool)
