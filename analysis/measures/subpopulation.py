"""How the network does on the largest group of samples and on the smallest."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.intervals.shares import least_share, mean_share
from ..catalogue import Quantity
from ..registry import parameter
from ..weights import Weights, some
from . import MEASURES, Evidence, Parameters, Value
from .groups import groups_of
from .summaries import counting, outcome, share_counts, share_value, with_interval


class SubpopulationParameters(Parameters):
    """Parameters of the accuracy by group."""

    group: str = parameter("", "Column of groups; the first that the data declare if empty.")


def _accuracy(name: str, title: str) -> Quantity:
    return Quantity(name=f"subpopulation{name}", title=title, unit="fraction", better="higher")


@MEASURES.register(
    "subpopulation",
    title="Accuracy by group",
    citation="Liang et al. 2023, Accuracy on the Curve, arXiv:2305.02995",
    quantities=(
        _accuracy("", "Mean accuracy of the groups"),
        _accuracy(".majority", "Accuracy on the largest group"),
        _accuracy(".minority", "Accuracy on the smallest group"),
        _accuracy(".worst", "Accuracy on the worst group"),
    ),
    needs=("logits",),
    version=4,
    weighs=True,
)
def subpopulation(evidence: Evidence, parameters: SubpopulationParameters) -> Iterator[Value]:
    """Accuracy on the largest, the smallest and the worst group of samples, and on each as ``.group.NAME``.

    Of groups of equal size the first by name counts as the largest, and the last as the smallest. Where samples are
    weighted, a group's size is what its samples weigh.

    Raises
    ------
    UserError
        If the labels do not fit the network, or the data have no such groups.
    """
    correct = outcome(evidence).correct
    groups = groups_of(evidence, parameters.group)
    parts = {title: _part(evidence, correct, groups.index == number) for number, title in enumerate(groups.names)}
    members = {title: part for title, part in parts.items() if len(part.correct)}
    by_size = sorted(members.values(), key=lambda part: -part.size)
    hits, sizes = zip(*(share_counts(*part) for part in members.values()), strict=True)
    yield with_interval("subpopulation", mean_share(hits, sizes), "fraction")
    for name, part in (("majority", by_size[0]), ("minority", by_size[-1])):
        yield share_value(f"subpopulation.{name}", *part)
    yield with_interval("subpopulation.worst", least_share(hits, sizes), "fraction")
    for title, part in members.items():
        yield share_value(f"subpopulation.group.{title}", *part)


class _Part(NamedTuple):
    """The samples of a group that count: whether each is right, and what it weighs."""

    correct: NDArray[np.bool_]
    weights: Weights

    @property
    def size(self) -> float:
        """How many they are, or what they weigh."""
        return len(self.correct) if self.weights is None else float(self.weights.sum())


def _part(evidence: Evidence, correct: NDArray[np.bool_], inside: NDArray[np.bool_]) -> _Part:
    members = counting(evidence, inside)
    return _Part(correct[members], some(evidence.weights, members))
