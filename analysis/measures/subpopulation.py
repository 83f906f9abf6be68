"""How the network does on the largest group of samples and on the smallest."""

from collections.abc import Iterator

from ...kernels.intervals.shares import least_share, mean_share
from ..catalogue import Quantity
from ..registry import parameter
from . import MEASURES, Evidence, Parameters, Value
from .groups import groups_of
from .summaries import outcome, share_value, with_interval


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
    version=3,
)
def subpopulation(evidence: Evidence, parameters: SubpopulationParameters) -> Iterator[Value]:
    """Accuracy on the largest, the smallest and the worst group of samples, and on each as ``.group.NAME``.

    Of groups of equal size the first by name counts as the largest, and the last as the smallest.

    Raises
    ------
    UserError
        If the labels do not fit the network, or the data have no such groups.
    """
    correct = outcome(evidence).correct
    groups = groups_of(evidence, parameters.group)
    members = [correct[groups.index == number] for number in range(len(groups.names))]
    by_size = sorted(range(len(members)), key=lambda number: -len(members[number]))
    table = [hits.sum() for hits in members], [len(hits) for hits in members]
    yield with_interval("subpopulation", mean_share(*table), "fraction")
    for name, number in (("majority", by_size[0]), ("minority", by_size[-1])):
        yield share_value(f"subpopulation.{name}", members[number])
    yield with_interval("subpopulation.worst", least_share(*table), "fraction")
    for title, hits in zip(groups.names, members, strict=True):
        yield share_value(f"subpopulation.group.{title}", hits)
