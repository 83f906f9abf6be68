"""What a search is for: objectives with their directions, and bounds that its answer keeps."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from ..errors import UserError, unknown
from ..experiments.asked import Asked
from ..naming import base_name
from ..recipe import Measuring, Search
from ..trials import Finding

Direction = Literal["higher", "lower"]
Values = Mapping[str, float]
_Bound = TypeVar("_Bound")
SLACK = 1e-9  # of a bound, for what floating point loses


@dataclass(frozen=True)
class Tried:
    """A point that was tried, with the names of its models, their mean values, None where it failed, and trials."""

    point: Mapping[str, object]
    models: tuple[str, ...]
    values: Values | None
    trials: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether it has no values."""
        return self.values is None


@dataclass(frozen=True)
class Bound:
    """A bound on a measure: at most ``value``, or at least where higher is better."""

    measure: str
    better: Direction
    value: float

    def excess(self, values: Values) -> float:
        """Return by how much the bound is exceeded, in the measure's unit; zero or less where it holds."""
        sign = 1 if self.better == "lower" else -1
        return sign * (values[self.measure] - self.value) - SLACK * abs(self.value)


@dataclass(frozen=True)
class Goal:
    """What is optimised, and under what.

    Attributes
    ----------
    objectives : mapping of str to str
        Which direction is good, by measure; the first is what the goal is about.
    keep, under : mapping of str to float
        How much worse than the reference a measure may be; the most that it may be.
    directions : mapping of str to str
        Which direction is good of every measure that has one, objective or not.
    units : mapping of str to str
        The unit of every measure, empty where it has none.
    names : mapping of str to str
        What a person is told of a measure that is not at its defaults, or compares.
    """

    objectives: Mapping[str, Direction]
    keep: Mapping[str, float]
    under: Mapping[str, float]
    directions: Mapping[str, Direction]
    units: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, measure: str) -> str:
        """Return the name of a measure's values."""
        return self.names.get(measure, measure)

    @property
    def measures(self) -> tuple[str, ...]:
        """Every measure that decides."""
        return tuple(dict.fromkeys((*self.objectives, *self.keep, *self.under)))

    def bounds(self, reference: Values, share: float = 1.0) -> tuple[Bound, ...]:
        """Return the bounds, given the reference's values; of what may be lost, ``share`` is allowed."""
        kept = []
        for measure, loss in self.keep.items():
            better = self.directions[measure]
            sign = 1 if better == "lower" else -1
            kept.append(Bound(measure, better, reference[measure] + sign * share * loss))
        return (*kept, *(Bound(measure, "lower", most) for measure, most in self.under.items()))

    def best(self, tried: Iterable[Tried], bounds: Sequence[Bound]) -> Tried | None:
        """Return the best in the first objective of those that keep the bounds, the earliest of equals."""
        holding = [(self.costs(t.values)[0], t) for t in tried if t.values and holds(bounds, t.values)]
        return min(holding, key=lambda pair: pair[0])[1] if holding else None

    def is_better(self, one: Tried, other: Tried) -> bool:
        """Say whether a point is better in the first objective than another; neither failed."""
        assert one.values is not None
        assert other.values is not None
        return self.costs(one.values)[0] < self.costs(other.values)[0]

    def front(self, tried: Iterable[Tried]) -> tuple[Tried, ...]:
        """Return what no other point beats: is as good in every objective, and better in one."""
        done = [t for t in tried if t.values]
        costs = [self.costs(t.values) for t in done if t.values]
        return tuple(t for t, own in zip(done, costs, strict=True) if not any(_beats(other, own) for other in costs))

    def costs(self, values: Values) -> tuple[float, ...]:
        """Return the objectives so that less is better."""
        return tuple((1 if better == "lower" else -1) * values[m] for m, better in self.objectives.items())


def goal_of(search: Search, measuring: Measuring | None) -> Goal:
    """Return a recipe's goal.

    Raises
    ------
    UserError
        If nothing measures what it is about, or nobody says which direction of that is good.
    """
    asked = Asked.of(measuring)
    keep, under = (_plain(asked, bounds) for bounds in (search.keep, search.under))
    main = "cost.nominal.nonzeros" if search.goal == "smallest" else "accuracy"
    named = dict.fromkeys(_plain(asked, dict.fromkeys(search.objectives)))
    objectives = tuple(named or dict.fromkeys((main, *keep, *under)))
    wanted = _plain(asked, dict.fromkeys((*objectives, *keep, *under)))
    known = {name: asked.quantities[base_name(name)] for name in wanted}
    directed = {name: better for name, quantity in known.items() if (better := quantity.better)}
    for name in (*objectives, *keep):
        if name not in directed:
            raise UserError(f"Neither direction of {name} is the better one.", "Choose another measure to search by.")
    return Goal(
        {name: directed[name] for name in objectives},
        keep,
        under,
        directed,
        units={name: quantity.unit for name, quantity in known.items()},
        names={name: str(asked.named(name)) for name in wanted},
    )


def _plain(asked: Asked, bounds: Mapping[str, _Bound]) -> dict[str, _Bound]:
    """Return bounds by what the recipe's measures call the values that the names mean."""
    for name in bounds:
        if base_name(name) not in asked.quantities:
            raise unknown("measure, among what the recipe measures, that gives", name, list(asked.quantities))
    return {asked.plain(name): bound for name, bound in bounds.items()}


def holds(bounds: Iterable[Bound], values: Values) -> bool:
    """Say whether values keep all bounds."""
    return all(bound.excess(values) <= 0 for bound in bounds)


def finding(goal: Goal, tried: Tried) -> Finding:
    """Return a point that was tried and did not fail, as plain data; its values by their names."""
    assert tried.values is not None
    values = {goal.name(measure): value for measure, value in tried.values.items()}
    return Finding(point=dict(tried.point), models=tried.models, values=values)


def mean_values(results: Sequence[Mapping[str, float | None] | None], measures: Iterable[str]) -> Values | None:
    """Return the means over a point's trials; None if one of them failed or lacks a finite value."""
    means = {}
    for measure in measures:
        values = [(result or {}).get(measure) for result in results]
        finite = [value for value in values if value is not None and math.isfinite(value)]
        if not values or len(finite) < len(values):
            return None
        means[measure] = sum(finite) / len(finite)
    return means


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
