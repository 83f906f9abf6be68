"""A set of measured models as plain data, and how it falls into groups."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.frontier import Direction
from ...kernels.intervals import Interval
from ..correctness import Correctness
from ..errors import UserError, unknown
from ..naming import base_name
from ..trials import Value

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Member:
    """One model of a set.

    Attributes
    ----------
    identity, name : str
        The model's.
    method : str or None
        What made it; None for a source.
    parents : tuple of str
        Names of its parents.
    references : dict
        Identities of the models and data sets that the method's parameters name, by parameter.
    parameters, facts : dict
        The method's parameters, and what was learnt about the model.
    seed : int or None
        The operation's.
    values : dict
        What was measured, by the values' names.
    entries : tuple of str
        Under which names the model was asked for.
    """

    identity: str
    name: str
    method: str | None = None
    parents: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    entries: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict, repr=False)  # the parameters tell them apart already

    def trait(self, name: str) -> Any:
        """Return what tells the model from others: method, parents, seed, a parameter or a fact; None if none does."""
        own = {"method": self.method or "source", "parents": "+".join(self.parents) or None, "seed": self.seed}
        if name in own:
            return own[name]
        return self.parameters.get(name, self.facts.get(name))

    def number(self, name: str) -> float:
        """Return a measured value or a numeric trait; nan where the model has none."""
        if name in self.values:
            return self.values[name].value
        found = self.trait(name)
        return float(found) if isinstance(found, int | float) else float("nan")


class Points(NamedTuple):
    """The members that have both numbers, by x; each array of shape (members,)."""

    members: tuple[Member, ...]
    x: Floats
    y: Floats


@dataclass(frozen=True)
class Table:
    """A set of models, and what is asked of it.

    Attributes
    ----------
    members : tuple of Member
        The models.
    x, y : str
        Names of the two quantities, empty where the fit needs none.
    by : str or None
        The trait that members of a group share.
    better : dict
        Which direction is good, by quantity, where one is.
    correctness : Correctness or None
        What the members have right, by identity, where the fit needs it.
    named : callable
        Returns the name of the members' values that a name means; errors as `graftwork.analysis.naming.meant`.
    """

    members: tuple[Member, ...]
    x: str = ""
    y: str = ""
    by: str | None = None
    better: Mapping[str, Direction] = field(default_factory=dict)
    correctness: Correctness | None = None
    named: Callable[[str], str] = str

    def groups(self) -> dict[str, tuple[Member, ...]]:
        """Return the members of each group, in order; one group without a name where nothing divides them.

        Raises
        ------
        UserError
            If no member has the trait.
        """
        if self.by is None:
            return {"": self.members}
        found: dict[str, list[Member]] = {}
        for member in self.members:
            for name in self._groups_of(member):
                found.setdefault(name, []).append(member)
        if not found:
            raise UserError(
                f"None of the models has '{self.by}' to be grouped by.",
                "Group by method, parents, seed, of, or a parameter of their method.",
            )
        return {name: tuple(members) for name, members in found.items()}

    def _groups_of(self, member: Member) -> tuple[str, ...]:
        if self.by == "of":
            return member.entries
        trait = member.trait(self.by or "")
        return () if trait is None else (str(trait),)

    def grouped(self, by: str) -> "Table":
        """Return the table grouped by a trait."""
        return replace(self, by=by)

    def with_axes(self, x: str, y: str) -> "Table":
        """Return the table with these axes where it has none."""
        return replace(self, x=self.x or self.named(x), y=self.y or self.named(y))

    def measured(self) -> list[str]:
        """Return the names of all that was measured of any member."""
        return sorted({name for member in self.members for name in member.values})

    def numbers(self, axis: Literal["x", "y"], members: tuple[Member, ...]) -> Floats:
        """Return one number of each of some members, nan where it has none, (members,).

        Raises
        ------
        UserError
            If that axis is not named, or no member of the whole table has the quantity.
        """
        name = self.x if axis == "x" else self.y
        if not name:
            raise UserError(f"The fit has no {axis}.", f"Name a measured quantity as {axis}.")
        if all(np.isnan(member.number(name)) for member in self.members):
            raise unknown("quantity that these models have called", name, self.measured())
        return np.array([member.number(name) for member in members], np.float64)

    def points(self, members: tuple[Member, ...]) -> Points:
        """Return both numbers of the members that have them, by x; errors as `numbers`."""
        x, y = self.numbers("x", members), self.numbers("y", members)
        order = [int(place) for place in np.argsort(x, kind="stable") if not np.isnan([x[place], y[place]]).any()]
        return Points(tuple(members[place] for place in order), x[order], y[order])

    def error_points(self, members: tuple[Member, ...]) -> Points:
        """Return `points` with an error for y: of a share of which more is better, what is missing to 1.

        Raises
        ------
        UserError
            As `points`, or if more of y is better and y is no share.
        """
        points = self.points(members)
        if self.direction(self.y) != "higher":
            return points
        units = {m.values[self.y].unit for m in points.members if self.y in m.values}
        if units - {"fraction"}:
            raise UserError(f"More of {self.y} is better, and a law is of an error.", "Name an error or a loss as y.")
        return points._replace(y=1 - points.y)

    def error_interval(self, member: Member, error: float) -> Interval:
        """Return a member's error, as `error_points` gives it, with what its value's interval makes of it."""
        value = member.values.get(self.y)
        if value is None or value.low is None or value.high is None:
            return Interval(error, error, error)
        low, high = sorted(self.of_error(np.array([value.low, value.high])))
        return Interval(error, float(low), float(high))

    def of_error(self, errors: Floats) -> Floats:
        """Return errors as `error_points` gives them, in the units of y."""
        return 1 - errors if self.direction(self.y) == "higher" else errors

    def direction(self, name: str) -> Direction | None:
        """Return which direction of a quantity is good, if either is."""
        return self.better.get(name, self.better.get(base_name(name)))

    def detail(self, measure: str, group: str, *more: str) -> str:
        """Return a value's full name: the measure, its group where there are several, and what follows."""
        return ".".join((measure, *(("group", group) if self.by else ()), *more))
