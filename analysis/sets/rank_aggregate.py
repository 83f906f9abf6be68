"""One order of models from many measures, by three ways of aggregating."""

from collections.abc import Iterator, Sequence

import numpy as np

from ...kernels.frontier import Direction
from ...kernels.intervals import LEVEL, Interval
from ...kernels.ranking import Ranking, aggregate
from ..catalogue import Quantity
from ..errors import UserError, unknown
from ..fits.drawn import drawn
from ..registry import parameter
from ..renamed import CurrentName
from . import FITS, Member, Parameters, Remark, Table, Value
from .table import Floats
from .wording import interval_value

_ID = "rank.aggregate"
_WAYS = {"mean": "Rank by the mean", "borda": "Rank by Borda's count", "condorcet": "Rank by Condorcet's majorities"}


class RankParameters(Parameters):
    """Parameters of the aggregation."""

    measures: tuple[CurrentName, ...] = parameter(..., "Measured quantities, of each of which one direction is good.")
    draws: int = parameter(200, "How often values are drawn anew within their intervals.", ge=20, le=10_000)
    seed: int = parameter(0, "Seeds the draws.", ge=0)


@FITS.register(
    _ID,
    title="Rank over many measures",
    citation="Colombo et al. 2022, What are the best systems? New perspectives on NLP Benchmarking, arXiv:2202.03799",
    quantities=tuple(Quantity(name=f"{_ID}.{way}", title=title, better="lower") for way, title in _WAYS.items()),
    version=2,
)
def rank_aggregate(table: Table, parameters: RankParameters) -> Iterator[Value | Remark]:
    """Rank the models by all measures together: by scaled mean, by Borda's count and by majorities.

    The interval of a rank holds it in 95 % of the draws in which every value is drawn anew within its own interval. A
    value that has none is taken for exact, which a remark says, and models for independent. The paper ranks by Borda's
    count; the other two ways stand beside it.

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
    known = [[_known(member, name) for name in names] for member in table.members]
    ranking = aggregate(np.array([[found.mean for found in row] for row in known]), better)
    again = [aggregate(scores, better) for scores in _drawn(known, parameters)]
    for way in _WAYS:
        places = np.array([getattr(each, way) for each in (ranking, *again)])
        for member, own in zip(table.members, places.T, strict=True):
            yield _place(f"{_ID}.{way}.model.{member.name}", own)
    yield Remark(_verdict(table, ranking, again))
    yield from _taken_for_exact(names, known)


def _known(member: Member, name: str) -> Interval:
    """Return a value with its interval, of no width where it has none."""
    number, value = member.number(name), member.values.get(name)
    if value is None or value.low is None or value.high is None:
        return Interval(number, number, number)
    return Interval(number, value.low, value.high)


def _drawn(known: list[list[Interval]], parameters: RankParameters) -> Floats:
    """Return the values drawn anew, (draws, models, measures); none where all are exact."""
    if all(found.low == found.high or np.isnan(found.mean) for row in known for found in row):
        return np.zeros((0, len(known), len(known[0])))
    rng = np.random.default_rng(parameters.seed)
    return np.moveaxis(np.array([[drawn(found, parameters.draws, rng) for found in row] for row in known]), -1, 0)


def _sureness(ranking: Ranking, again: Sequence[Ranking]) -> str:
    """Say how often the winner wins; without draws, that it is not known."""
    if not again:
        return "how sure that is, values without intervals do not tell"
    share = sum(each.winner == ranking.winner for each in again) / len(again)
    sure = f"so it does in {share:.0%} of draws within the intervals"
    return sure if share >= LEVEL else f"{sure}, and is not distinguishable from the others"


def _place(name: str, places: Floats) -> Value:
    """Return a rank, the first of these, with the interval of the drawn ones."""
    place, drawn_places = float(places[0]), places[1:]
    if not len(drawn_places):
        return Value(measure=name, value=place)
    low, high = np.quantile(drawn_places, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
    return interval_value(name, Interval(place, min(float(low), place), max(float(high), place)))


def _taken_for_exact(names: Sequence[str], known: list[list[Interval]]) -> Iterator[Remark]:
    columns = zip(names, zip(*known, strict=True), strict=True)
    exact = [name for name, column in columns if any(found.low == found.high for found in column)]
    if exact:
        yield Remark(f"Without intervals, and so taken for exact: {', '.join(exact)}.")


def _direction(table: Table, name: str) -> Direction:
    if all(np.isnan(member.number(name)) for member in table.members):
        raise unknown("quantity that these models have called", name, table.measured())
    direction = table.direction(name)
    if direction is None:
        raise UserError(f"Of {name}, neither more nor less is better.", "Rank by others.")
    return direction


def _verdict(table: Table, ranking: Ranking, again: Sequence[Ranking]) -> str:
    if ranking.winner is None:
        return "No model beats every other by majority."
    name = table.members[ranking.winner].name
    verdict = _sureness(ranking, again)
    if ranking.mean[ranking.winner] == ranking.borda[ranking.winner] == 1:
        return f"{name} beats every other model by majority, and is first by the mean and by Borda's count; {verdict}."
    return f"{name} beats every other model by majority, and the other ways differ; {verdict}."
