"""Models as points: any measured quantity on an axis, seeds as bands, and the front that nothing beats."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..analysis.catalogue import Quantity
from ..kernels.frontier import pareto_front
from .seeds import name_of_variants, variants
from .table import is_whole

if TYPE_CHECKING:
    from ..analysis.session import Session, Snapshot

SELECTED = "accuracy.selected"
"""The axis of the accuracy on the selected samples, computed from what each model has right."""

Bounds = tuple[float, float, float]


@dataclass(frozen=True)
class Axis:
    """One axis: the measured quantity, its words, and which direction is good."""

    name: str
    title: str
    unit: str
    better: Literal["higher", "lower"] | None

    @property
    def label(self) -> str:
        """Title and unit, for the axis."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def counts(self, values: Sequence[float]) -> bool:
        """Return whether these values on it are whole numbers of something."""
        return self.unit != "fraction" and all(map(is_whole, values))


@dataclass(frozen=True)
class Point:
    """One model, or several that differ by their seed alone.

    Attributes
    ----------
    identity, name, operation : str
        Of the model; of several, the identity is that of the one in the middle of the y axis.
    x, y : float
        Its values; of several, their means.
    y_low, y_high : float
        Bounds of its interval, where it has one; of several, their least and greatest value.
    x_low, x_high : float
        The least and the greatest value of several.
    variants : tuple of str
        Identities of the several; empty for a single model.
    earlier : bool
        Whether its y was measured by an earlier version than another's, so that its interval may mean something else.
    """

    identity: str
    name: str
    operation: str
    x: float
    y: float
    y_low: float
    y_high: float
    x_low: float
    x_high: float
    variants: tuple[str, ...] = ()
    earlier: bool = False

    @property
    def models(self) -> tuple[str, ...]:
        """The identities of all that it stands for."""
        return self.variants or (self.identity,)

    @property
    def bounds(self) -> str:
        """What its bounds are, in words."""
        if self.variants:
            return f"range of {len(self.variants)} seeds"
        if self.y_low == self.y_high:
            return ""
        return "interval of an earlier version" if self.earlier else "95 % interval"


def preferred(snapshot: "Snapshot", names: tuple[str, ...], beside: str | None = None) -> str | None:
    """Return the first of the names that was measured, or else any measure, ``beside`` only if there is no other."""
    others = [measure for measure in snapshot.measures if measure != beside]
    return next((name for name in (*names, *others, *snapshot.measures) if name in snapshot.measures), None)


def axis(session: "Session", name: str) -> Axis:
    """Return the axis of a measured quantity, from the catalogue where it declares one."""
    if name == SELECTED:
        return Axis(name, "Accuracy on the selected samples", "fraction", "higher")
    declared = session.catalogue.quantity(name) or Quantity(name=name, title=name)
    unit = next((v.unit for v in session.snapshot.values if v.measure == name), declared.unit)
    return Axis(name, declared.title, unit, declared.better)


def values(session: "Session", name: str) -> dict[str, Bounds]:
    """Return each model's value with its bounds, by identity; a value without an interval is its own."""
    if name == SELECTED:
        return {model: (f.mean, f.low, f.high) for model, f in (session.accuracies() or {}).items()}
    table = session.snapshot.value_table
    found = {model.identity: table.get(model.name, {}).get(name) for model in session.snapshot.models}
    return {
        identity: (v.value, v.value if v.low is None else v.low, v.value if v.high is None else v.high)
        for identity, v in found.items()
        if v is not None
    }


def points_of(
    snapshot: "Snapshot", x: dict[str, Bounds], y: dict[str, Bounds], earlier: frozenset[str] = frozenset()
) -> tuple[Point, ...]:
    """Return every model that has both values as a point; ``earlier`` names those of an earlier version."""
    return tuple(
        Point(
            model.identity,
            model.name,
            model.method or "source",
            at,
            *y[model.identity],
            x_low=at,
            x_high=at,
            earlier=model.name in earlier,
        )
        for model in snapshot.models
        if model.identity in x and model.identity in y
        for at in (x[model.identity][0],)
    )


def gathered(points: tuple[Point, ...], snapshot: "Snapshot") -> tuple[Point, ...]:
    """Return the points with those that differ by their seed alone made one."""
    groups = variants([point.identity for point in points], snapshot.specs)
    return tuple(_band([points[i] for i in group]) if len(group) > 1 else points[group[0]] for group in groups)


def _band(points: list[Point]) -> Point:
    x, y = [p.x for p in points], [p.y for p in points]
    middle = sorted(points, key=lambda p: p.y)[len(points) // 2]
    return Point(
        identity=middle.identity,
        name=name_of_variants([p.name for p in points]),
        operation=middle.operation,
        x=fmean(x),
        y=fmean(y),
        y_low=min(y),
        y_high=max(y),
        x_low=min(x),
        x_high=max(x),
        variants=tuple(p.identity for p in points),
    )


def front_of(points: tuple[Point, ...], x: Axis, y: Axis) -> tuple[int, ...]:
    """Return the indices of the points that no other beats on both axes, by x."""
    values = np.array([[point.x, point.y] for point in points]).reshape(-1, 2)
    front = np.flatnonzero(pareto_front(values, (x.better or "lower", y.better or "higher")))
    return tuple(int(i) for i in front[np.argsort(values[front, 0], kind="stable")])
