"""Models as points: any measured quantity on an axis, seeds as bands, and the front that nothing beats."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..analysis.errors import UserError
from ..analysis.naming import meant, parse_name, plain_name
from ..kernels.frontier import pareto_front
from .seeds import name_of_variants, variants
from .table import is_whole

if TYPE_CHECKING:
    from ..analysis.session import Session, Snapshot
    from ..analysis.workspace import ModelRecord, ValueRecord

SELECTED = "accuracy.selected"
"""The axis of the accuracy on the selected samples, computed from what each model has right."""

Bounds = tuple[float, float, float]
Bounded = dict[str, dict[int | None, Bounds]]
"""Each model's value with its bounds, by identity and the seed of the measures; None for what draws nothing."""


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
    overlap : float
        Share of the samples that the model, or any of the several, has learnt from.
    remark : str
        What is to be known of its values; of several, of any of them.
    earlier : bool
        Whether its y was measured by an earlier version than another's, so that it may mean something else.
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
    overlap: float = 0.0
    remark: str = ""
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
        return "value and interval of an earlier version" if self.earlier else "95 % interval"


def preferred(measures: Sequence[str], names: Sequence[str], beside: str | None = None) -> str | None:
    """Return the first of the names that was measured, or else any measure, ``beside`` only if there is no other."""
    others = [measure for measure in measures if measure != beside]
    return next((name for name in (*names, *others, *measures) if name in measures), None)


def offered(session: "Session") -> tuple[str, ...]:
    """Return what an axis can show of the data set that is shown."""
    measures = session.shown.measures
    return (*measures, *([SELECTED] if "accuracy" in measures else []))


def chosen(session: "Session", option: str) -> tuple[str | None, str]:
    """Return the name of the values that a person chose for an axis, None where nobody did, and why there are none.

    What was measured in several ways stays as it was chosen, and there is nothing to show until one of them is.
    """
    name = session.option(option)
    if not name or name in session.shown.measures:
        return name, ""
    plain = plain_name(name)
    alike = [value for row in session.shown.rows for value in row.values.values() if value.measure == plain]
    try:
        return (meant(name, alike) if alike else name), ""
    except UserError as error:
        return name, str(error)


def axis(session: "Session", name: str) -> Axis:
    """Return the axis of a quantity, from the catalogue where it declares one; its title says how and on which data.

    One that was not measured on the data is called so, too: there is no other whose values it could show.
    """
    shown = session.shown
    if name == SELECTED:
        return Axis(name, f"Accuracy on the selected samples of {shown.name}", "fraction", "higher")
    declared = session.catalogue.quantity(plain_name(name))
    title = f"{declared.title}{parse_name(name).suffix}" if declared else name
    unit, better = (declared.unit, declared.better) if declared else ("", None)
    unit = next((row.values[name].unit for row in shown.rows if name in row.values), unit)
    named = shown.name and (name in shown.of_data or name not in shown.measures)
    return Axis(name, f"{title} on {shown.name}" if named else title, unit, better)


def values(session: "Session", name: str) -> Bounded:
    """Return what a quantity is of each model on the data set that is shown; without an interval it is its own."""
    if name == SELECTED:
        return {model: {None: (f.mean, f.low, f.high)} for model, f in (session.accuracies() or {}).items()}
    by_model = session.shown.by_model
    found: Bounded = {
        model.identity: {row.seed: _bounds(row.values[name]) for row in by_model[model.name] if name in row.values}
        for model in session.snapshot.models
        if model.name in by_model
    }
    return {identity: by_seed for identity, by_seed in found.items() if by_seed}


def _bounds(value: "ValueRecord") -> Bounds:
    low, high = (value.value if end is None else end for end in (value.low, value.high))
    return value.value, low, high


def points_of(session: "Session", x: Bounded, y: Bounded, earlier: frozenset[str] = frozenset()) -> tuple[Point, ...]:
    """Return every model that has both values as a point, as one for each seed; ``earlier``: of an earlier version."""
    return tuple(
        point
        for model in session.snapshot.models
        if model.identity in x and model.identity in y
        for point in _points(model, x[model.identity], y[model.identity], session, model.name in earlier)
    )


def _points(
    model: "ModelRecord",
    x: dict[int | None, Bounds],
    y: dict[int | None, Bounds],
    session: "Session",
    earlier: bool,
) -> Iterator[Point]:
    drawn = [seed for seed in dict.fromkeys((*x, *y)) if seed is not None]
    seeds: list[int | None] = [*drawn] or [None]
    rows = session.shown.by_model.get(model.name, ())
    for seed in seeds:
        at = _of_seed(x, seed)[0]
        name = f"{model.name}, measured with seed {seed}" if len(seeds) > 1 else model.name
        yield Point(
            model.identity,
            name,
            model.method or "source",
            at,
            *_of_seed(y, seed),
            x_low=at,
            x_high=at,
            overlap=max((row.overlap for row in rows), default=0.0),
            remark=_told(row.remark for row in rows),
            earlier=earlier,
        )


def _of_seed(found: dict[int | None, Bounds], seed: int | None) -> Bounds:
    """Return the value of a seed, or of another where this one has none: the other axis was measured apart."""
    return found.get(seed) or next(reversed(found.values()))


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
        overlap=max(p.overlap for p in points),
        remark=_told(p.remark for p in points),
    )


def _told(remarks: Iterable[str]) -> str:
    """Return remarks as one text, each once."""
    return " ".join(dict.fromkeys(filter(None, remarks)))


def front_of(points: tuple[Point, ...], x: Axis, y: Axis) -> tuple[int, ...]:
    """Return the indices of the points that no other beats on both axes, by x."""
    values = np.array([[point.x, point.y] for point in points]).reshape(-1, 2)
    front = np.flatnonzero(pareto_front(values, (x.better or "lower", y.better or "higher")))
    return tuple(int(i) for i in front[np.argsort(values[front, 0], kind="stable")])
