"""One order of models from many measures, by three ways of aggregating."""

from collections.abc import Iterator

import numpy as np

from ...kernels.frontier import Direction
from ...kernels.ranking import Ranking, aggregate
from ..catalogue import Quantity
from ..errors import UserError, unknown
from ..registry import parameter
from . import FITS, Parameters, Remark, Table, Value

_ID = "rank.aggregate"
_WAYS = {"mean": "Rank by the mean", "borda": "Rank by Borda's count", "condorcet": "Rank by Condorcet's majorities"}


class RankParameters(Parameters):
    """Parameters of the aggregation."""

    measures: tuple[str, ...] = parameter(..., "Measured quantities, of each of which one direction is good.")


@FITS.register(
    _ID,
    title="Rank over many measures",
    citation="Colombo et al. 2022, What are the best systems? New perspectives on NLP Benchmarking, arXiv:2202.03799",
    quantities=tuple(Quantity(name=f"{_ID}.{way}", title=title, better="lower") for way, title in _WAYS.items()),
)
def rank_aggregate(table: Table, parameters: RankParameters) -> Iterator[Value | Remark]:
    """Rank the models by all measures together: by scaled mean, by Borda's count and by majorities.

    Raises
    ------
    UserError
        If there are fewer than two models or measures, or a measure is unknown or has no good direction.
    """
    names = tuple(dict.fromkeys(map(table.named, parameters.measures)))
    better = [_direction(table, name) for name in names]
    if len(table.members) < 2 or len(names) < 2:
        raise UserError(
            f"An order needs 2 models and 2 measures, and there are {len(table.members)} and {len(names)}.",
            "Name more of them.",
        )
    ranking = aggregate(np.array([[m.number(name) for name in names] for m in table.members]), better)
    for way in _WAYS:
        for member, place in zip(table.members, getattr(ranking, way), strict=True):
            yield Value(measure=f"{_ID}.{way}.model.{member.name}", value=float(place))
    yield Remark(_verdict(table, ranking))


def _direction(table: Table, name: str) -> Direction:
    if all(np.isnan(member.number(name)) for member in table.members):
        raise unknown("quantity that these models have called", name, table.measured())
    direction = table.direction(name)
    if direction is None:
        raise UserError(f"Of {name}, neither more nor less is better.", "Rank by others.")
    return direction


def _verdict(table: Table, ranking: Ranking) -> str:
    if ranking.winner is None:
        return "No model beats every other by majority."
    name = table.members[ranking.winner].name
    if ranking.mean[ranking.winner] == ranking.borda[ranking.winner] == 1:
        return f"{name} is first by the mean, by Borda's count and by majority over every other model."
    return f"{name} beats every other model by majority; the other ways differ."
