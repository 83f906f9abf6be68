"""Whether groups of samples are treated alike."""

from collections.abc import Iterator
from math import nan

import numpy as np
from numpy.typing import NDArray

from ...kernels.intervals import Interval
from ...kernels.intervals.gaps import largest_gap
from ..catalogue import Quantity
from ..errors import unknown
from ..registry import parameter
from . import MEASURES, Evidence, Parameters, Remark, Value
from .groups import Groups, groups_of
from .summaries import outcome, whole_logits, with_interval


class FairnessParameters(Parameters):
    """Parameters of fairness."""

    retired = frozenset({"resamples"})

    group: str = parameter("", "Column of groups; the first that the data declare if empty.")
    positive: str = parameter("", "The favourable class; if empty, each class is in turn, and the largest gap counts.")


def _gap(name: str, title: str) -> Quantity:
    return Quantity(name=f"fairness.{name}", title=title, unit="fraction", better="lower")


@MEASURES.register(
    "fairness",
    title="Fairness between groups",
    citation="Hardt, Price and Srebro 2016, Equality of Opportunity in Supervised Learning, arXiv:1610.02413",
    quantities=(
        _gap("parity", "Demographic parity gap"),
        _gap("opportunity", "Equal opportunity gap"),
        _gap("odds", "Equalised odds gap"),
        _gap("accuracy", "Accuracy gap between groups"),
    ),
    needs=("logits",),
    version=4,
)
def fairness(evidence: Evidence, parameters: FairnessParameters) -> Iterator[Value | Remark]:
    """Largest gaps between groups: in how often a class is given, given rightly, and given wrongly.

    Demographic parity compares P(prediction = c), equal opportunity P(prediction = c | label = c), equalised odds that
    and P(prediction = c | label ≠ c), of which the larger gap counts. Groups without such samples are left out.
    Where no two groups compare there is no gap.

    Raises
    ------
    UserError
        If the labels do not fit the network, or the data have no such groups, or no such class.
    """
    classes = whole_logits(evidence).shape[1]
    chosen = _positive(evidence, parameters.positive, classes)
    groups = groups_of(evidence, parameters.group)
    cells = _cells(evidence.labels, outcome(evidence).prediction, groups, classes)
    for name, gap in _gaps(cells, chosen).items():
        if gap:
            yield with_interval(f"fairness.{name}", gap, "fraction")
        else:
            yield Value(measure=f"fairness.{name}", value=nan, unit="fraction")
            yield Remark(f"there is no gap of {name}: no two groups have samples to compare it on.")


def _positive(evidence: Evidence, name: str, classes: int) -> NDArray[np.int64]:
    if not name:
        return np.arange(classes)
    if name not in evidence.classes:
        raise unknown("class called", name, list(evidence.classes))
    return np.array([evidence.classes.index(name)])


def _cells(labels: NDArray[np.int64], prediction: NDArray[np.int64], groups: Groups, classes: int) -> NDArray[np.int64]:
    """Return how many samples there are of each (group, true class, predicted class)."""
    cells = (groups.index * classes + labels) * classes + prediction
    shape = (len(groups.names), classes, classes)
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)


def _gaps(cells: NDArray[np.int64], chosen: NDArray[np.int64]) -> dict[str, Interval | None]:
    """Return each gap, None where no two groups compare."""
    hits = np.diagonal(cells, axis1=1, axis2=2)
    true, given, all_ = cells.sum(2), cells.sum(1), cells.sum((1, 2))[:, None]
    rightly = hits[:, chosen], true[:, chosen]
    wrongly = (given - hits)[:, chosen], (all_ - true)[:, chosen]
    return {
        "parity": largest_gap(given[:, chosen], all_),
        "opportunity": largest_gap(*rightly),
        "odds": largest_gap(*(np.hstack(both) for both in zip(rightly, wrongly, strict=True))),
        "accuracy": largest_gap(hits.sum(1, keepdims=True), all_),
    }
