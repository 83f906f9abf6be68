"""Trade-off: every model by any two measures, with the front that nothing beats."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.catalogue import Quantity
from ..analysis.session import Session, Snapshot
from ..kernels.frontier import pareto_front
from .table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PREFERRED_X = ("cost.nominal.macs", "cost.nominal.nonzeros", "cost.nominal.parameters")
PREFERRED_Y = ("accuracy", "loss")


@dataclass(frozen=True)
class Axis:
    """One axis: the measured quantity, its words, and which direction is good."""

    name: str
    title: str
    unit: str
    better: str | None

    @property
    def label(self) -> str:
        """Title and unit, for the axis."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


@dataclass(frozen=True)
class Point:
    """One model: values with the bounds of their intervals where they have some."""

    identity: str
    name: str
    operation: str
    x: float
    y: float
    y_low: float
    y_high: float


@dataclass(frozen=True)
class TradeoffState:
    """What is drawn.

    Attributes
    ----------
    points : tuple of Point
        Every model that has both measures.
    front : tuple of int
        Indices of the points that no other beats on both axes, by x.
    selected : frozenset of str
        Identities of the selected models.
    primary, pinned : str or None
        The model that is looked at, and its reference.
    """

    x: Axis
    y: Axis
    points: tuple[Point, ...]
    front: tuple[int, ...]
    selected: frozenset[str]
    primary: str | None
    pinned: str | None


def resolve(session: Session, x: str | None = None, y: str | None = None) -> TradeoffState | None:
    """Return what is to be drawn, or None while no model has two measures."""
    snapshot = session.snapshot
    x = x or preferred(snapshot, PREFERRED_X)
    y = y or preferred(snapshot, PREFERRED_Y)
    if x is None or y is None:
        return None
    points = tuple(_points(snapshot, x, y))
    if not points:
        return None
    axes = axis(session, x), axis(session, y)
    return TradeoffState(
        x=axes[0],
        y=axes[1],
        points=points,
        front=_front(points, *axes),
        selected=session.state.selection.models,
        primary=session.state.primary,
        pinned=session.state.pinned,
    )


def preferred(snapshot: Snapshot, names: tuple[str, ...]) -> str | None:
    """Return the first of the names that was measured, or else any measure."""
    return next((name for name in names if name in snapshot.measures), next(iter(snapshot.measures), None))


def axis(session: Session, name: str) -> Axis:
    """Return the axis of a measured quantity, from the catalogue where it declares one."""
    declared = session.catalogue.quantity(name) or Quantity(name=name, title=name)
    unit = next((v.unit for v in session.snapshot.values if v.measure == name), declared.unit)
    return Axis(name, declared.title, unit, declared.better)


def _points(snapshot: Snapshot, x: str, y: str) -> list[Point]:
    points = []
    for model in snapshot.models:
        row = snapshot.value_table.get(model.name, {})
        if x in row and y in row:
            value = row[y]
            low = value.value if value.low is None else value.low
            high = value.value if value.high is None else value.high
            points.append(
                Point(model.identity, model.name, model.method or "source", row[x].value, value.value, low, high)
            )
    return points


def _front(points: tuple[Point, ...], x: Axis, y: Axis) -> tuple[int, ...]:
    values = np.array([[point.x, point.y] for point in points])
    return tuple(int(i) for i in pareto_front(values, (x.better or "lower", y.better or "higher")))


def table(state: TradeoffState) -> Table:
    """Return one row a model."""
    front = set(state.front)
    rows = tuple(
        (p.name, p.operation, p.x, p.y, p.y_low, p.y_high, "yes" if i in front else "")
        for i, p in enumerate(state.points)
    )
    columns = ("Model", "Operation", state.x.label, state.y.label, "Low", "High", "On the front")
    return Table(columns, rows)


def draw(figure: "Figure", state: TradeoffState) -> None:
    """Draw it for print."""
    axes: Any = figure.add_subplot()
    for number, operation in enumerate(dict.fromkeys(point.operation for point in state.points)):
        points = [point for point in state.points if point.operation == operation]
        below = [p.y - p.y_low for p in points]
        above = [p.y_high - p.y for p in points]
        axes.errorbar(
            [p.x for p in points],
            [p.y for p in points],
            (below, above),
            fmt="osD^v<>P"[number % 8],
            markersize=4,
            linewidth=0.7,
            label=operation,
        )
    front = [state.points[i] for i in state.front]
    axes.plot([p.x for p in front], [p.y for p in front], color="0.4", linewidth=0.8, zorder=0, label="front")
    axes.set_xlabel(state.x.label)
    axes.set_ylabel(state.y.label)
    axes.legend(frameon=False)
