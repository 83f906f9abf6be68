"""Whether groups of samples are treated alike."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..catalogue import Quantity
from ..errors import unknown
from ..registry import parameter
from . import MEASURES, Evidence, Parameters, Value
from .groups import Groups, groups_of
from .summaries import labelled_logits, outcome


class FairnessParameters(Parameters):
    """Parameters of fairness."""

    group: str = parameter("", "Column of groups; the first that the data declare if empty.")
    positive: str = parameter("", "The favourable class; if empty, each class is in turn, and the largest gap counts.")
    resamples: int = parameter(1000, "Bootstrap resamples of the intervals.", unit="resamples", ge=100, le=100_000)


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
)
def fairness(evidence: Evidence, parameters: FairnessParameters) -> Iterator[Value]:
    """Largest gaps between groups: in how often a class is given, given rightly, and given wrongly.

    Demographic parity compares P(prediction = c), equal opportunity P(prediction = c | label = c), equalised odds that
    and P(prediction = c | label ≠ c), of which the larger gap counts. Groups without such samples are left out.
    Intervals are basic bootstrap ones, which allow for the upward bias of a largest gap, cut off at 0.

    Raises
    ------
    UserError
        If the labels do not fit the network, or the data have no such groups, or no such class.
    """
    classes = labelled_logits(evidence).shape[1]
    chosen = _positive(evidence, parameters.positive, classes)
    groups = groups_of(evidence, parameters.group)
    cells = _cells(evidence.labels, outcome(evidence).prediction, groups, classes)
    drawn = np.random.default_rng(evidence.seed).multinomial(
        len(evidence.labels), cells.ravel() / len(evidence.labels), parameters.resamples
    )
    resampled = np.array([list(_gaps(part.reshape(cells.shape), chosen).values()) for part in drawn])
    low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
    for number, (name, gap) in enumerate(_gaps(cells, chosen).items()):
        bounds = {"low": max(0.0, 2 * gap - float(high[number])), "high": max(gap, 2 * gap - float(low[number]))}
        yield Value(measure=f"fairness.{name}", value=gap, unit="fraction", **bounds)


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


def _gaps(cells: NDArray[np.int64], chosen: NDArray[np.int64]) -> dict[str, float]:
    hits = np.diagonal(cells, axis1=1, axis2=2)
    true, given, all_ = cells.sum(2), cells.sum(1), cells.sum((1, 2))[:, None]
    opportunity = _spread(hits[:, chosen], true[:, chosen])
    alarm = _spread((given - hits)[:, chosen], (all_ - true)[:, chosen])
    return {
        "parity": _spread(given[:, chosen], all_),
        "opportunity": opportunity,
        "odds": max(opportunity, alarm),
        "accuracy": _spread(hits.sum(1, keepdims=True), all_),
    }


def _spread(hits: NDArray[np.int64], among: NDArray[np.int64]) -> float:
    """Return the largest difference between two groups' (rows') rates, over the columns; 0 where none compares."""
    among = np.broadcast_to(among, hits.shape)
    rates = hits / np.where(among, among, 1)
    highest = np.where(among, rates, -np.inf).max(0)
    lowest = np.where(among, rates, np.inf).min(0)
    return float(np.maximum(highest - lowest, 0).max())
