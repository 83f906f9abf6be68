"""Trade-off: every model by any two measures, with the front that nothing beats."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QWidget

from ..kernels.raster import points_in_polygon
from .curves import LONGEST, Curve, CurveLayer, curve_at, curves_of, legend_of
from .figure import Range
from .notice import Notice
from .operations import SIGNS, SYMBOLS, curve_colour, hue, operations, ring
from .panel import Panel, view
from .parts import choice_box, column, named, shortened, told
from .plot import Plot, mode_of
from .points import Axis, Point, axis, chosen, front_of, gathered, offered, points_of, preferred, values
from .table import Table
from .theme import GAP, TIGHT, look
from .tips import as_tip
from .tradeoff_figure import BAND, LEARNT, draw, nothing

if TYPE_CHECKING:
    from ..analysis.session import Session
    from ..analysis.sets.kept import KeptFit

__all__ = ["TradeoffPanel", "TradeoffState", "draw", "resolve", "table"]

PREFERRED_X = ("cost.nominal.nonzeros", "cost.nominal.macs", "cost.nominal.parameters")
PREFERRED_Y = ("accuracy", "loss")
SEEDS = "tradeoff.seeds"
"""Whether models that differ by their seed alone are drawn ``together`` or ``apart``."""
BAND_WIDTH, BAND_ALPHA = 6, 110
LONGEST_TITLE = 72  # characters; the boxes tell the whole name


@dataclass(frozen=True)
class TradeoffState:
    """What is drawn.

    Attributes
    ----------
    measures : tuple of str
        What the axes can show.
    points : tuple of Point
        Every model that has both measures.
    seeds : bool
        Whether there are models that differ by their seed alone.
    together : bool
        Whether these are one point, with their range as its band.
    front : tuple of int
        Indices of the points that no other beats on both axes, by x.
    curves : tuple of Curve
        What fits of these axes expect.
    selected : frozenset of str
        Identities of the selected models.
    primary, pinned : str or None
        The model that is looked at, and its reference.
    problem : str
        Why there is nothing to draw, where what was chosen was measured in several ways.
    """

    x: Axis
    y: Axis
    measures: tuple[str, ...]
    points: tuple[Point, ...]
    seeds: bool
    together: bool
    front: tuple[int, ...]
    curves: tuple[Curve, ...]
    selected: frozenset[str]
    primary: str | None
    pinned: str | None
    problem: str = ""


def resolve(session: "Session") -> TradeoffState | Notice:
    """Return what is to be drawn, or a notice while no model has both measures."""
    snapshot, measures = session.snapshot, offered(session)
    (y, *y_problem), (x, *x_problem) = (chosen(session, f"tradeoff.{axis}") for axis in "yx")
    y = y or preferred(measures, PREFERRED_Y)
    x = x or preferred(measures, PREFERRED_X, beside=y)
    if x is None or y is None:
        if session.awaits():
            return Notice("busy", "The first trial is running.")
        return Notice("empty", "Nothing has been measured yet.", "Run a recipe.", "New experiment…", "experiment.new")
    each = points_of(session, values(session, x), values(session, y), snapshot.earlier.get(y, frozenset()))
    together = gathered(each, snapshot)
    banded = session.option(SEEDS) != "apart"
    points = together if banded else each
    axes = axis(session, x), axis(session, y)
    return TradeoffState(
        x=axes[0],
        y=axes[1],
        measures=tuple(dict.fromkeys((*measures, x, y))),
        points=points,
        seeds=len(together) < len(each),
        together=banded,
        front=front_of(points, *axes),
        curves=curves_of(_fits_here(session), x, y),
        selected=session.state.selection.models,
        primary=session.state.primary,
        pinned=session.state.pinned,
        problem=" ".join(filter(None, (*x_problem, *y_problem))),
    )


def _fits_here(session: "Session") -> list["KeptFit"]:
    return [fit for fit in session.snapshot.fits if fit.spec.data in (None, session.state.data)]


def table(state: TradeoffState) -> Table:
    """Return one row a point."""
    x, y = state.x, state.y
    rows = tuple(
        (p.name, p.operation, p.x, p.x_low, p.x_high, p.y, p.y_low, p.y_high, p.bounds, front, p.remark)
        for i, p in enumerate(state.points)
        for front in ("yes" if i in state.front else "",)
    )
    columns = ("Model", "Operation", x.title, "Least", "Greatest", y.title, "Low", "High", "Bounds", "On the front")
    return Table((*columns, "Remark"), rows, ("", "", *[x.unit] * 3, *[y.unit] * 3, "", "", ""))


@view(
    id="tradeoff",
    title="Trade-off",
    question="Which model costs least at which accuracy?",
    area="centre",
    order=1,
    of_data=False,
)
class TradeoffPanel(Panel[TradeoffState]):
    """Points with intervals, the front, and a box for each axis."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes = {name: self._axis_box(name) for name in ("y", "x")}
        self.plot = Plot(self)
        self._front = pg.PlotDataItem()
        self._bands, self._bars = pg.ErrorBarItem(beam=0), pg.ErrorBarItem(beam=0)
        self._points = pg.ScatterPlotItem(pxMode=True, hoverable=True, tip=None)
        self._curves = CurveLayer(self.plot)
        for item in (self._front, self._bands, self._bars, self._points):
            self.plot.add(item)
        self.plot.clicked.connect(self._on_clicked)
        self._points.sigClicked.connect(  # a spot takes its clicks from the plot
            lambda _, spots, event: self._on_clicked(event.pos().x(), event.pos().y(), event.modifiers())
        )
        self.plot.brushed.connect(self._on_brushed)
        self.plot.scene().sigMouseMoved.connect(self._on_mouse_moved)
        self.plot.cleared.connect(self._on_cleared)
        self.plot.occupied = lambda x, y: self._at(x, y) is not None
        self.plot.selection_bounds = self._selection_bounds
        self.plot.all_bounds = lambda: _around(self.state.points) if self.state else None
        box = QCheckBox("Seeds as bands", self)
        self._together = told(box, "Draw models that differ by their seed alone as one point", "Seeds as bands")
        self._together.toggled.connect(self._on_together)
        self.add_control(self._together)
        body = QWidget(self)
        self._legend = named(QLabel(body, wordWrap=True), "quiet")
        self._legend.setContentsMargins(GAP, 0, GAP, TIGHT)
        layout = column(body)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self._legend)
        self.set_content(body)

    def _axis_box(self, name: str) -> QComboBox:
        box = told(choice_box(self), f"What the {name} axis shows", f"{name} axis")
        box.textActivated.connect(lambda text: self._on_axis(name, text))
        self.add_control(box)
        return box

    def show_state(self, old: TradeoffState | None, new: TradeoffState) -> None:
        """Draw the points anew; there are few."""
        for name, shown in (("x", new.x), ("y", new.y)):
            _fill(self._boxes[name], new.measures, shown.name)
            self._boxes[name].setToolTip(as_tip(f"What the {name} axis shows: {shown.name}"))
        x, y = (shortened(axis.title, LONGEST_TITLE) for axis in (new.x, new.y))
        self.plot.set_axes(x, y, new.x.unit, new.y.unit)
        front = [new.points[i] for i in new.front]
        theme = look.theme
        self._front.setData([p.x for p in front], [p.y for p in front], pen=pg.mkPen(theme.quiet, width=1))
        with QSignalBlocker(self._together):
            self._together.setChecked(new.together)
        self._together.setVisible(new.seeds)
        _span(self._bars, [p for p in new.points if not p.variants], pg.mkPen(theme.faded))
        _span(self._bands, [p for p in new.points if p.variants], _translucent(theme.quiet))
        self._points.setData([self._spot(new, point) for point in new.points])
        self._curves.show([(curve, curve_colour(new.points, curve.group, look.theme)) for curve in new.curves])
        self._show_legend(new)
        self.plot.set_whole(x=new.x.counts([p.x for p in new.points]), y=new.y.counts([p.y for p in new.points]))
        if old is None or (old.x, old.y) != (new.x, new.y):
            self.plot.fit()
        else:
            self.plot.refit()

    def seen(self) -> tuple[Range | None, ...]:
        """Return what is seen of the plane."""
        return (self.plot.chosen,)

    def _spot(self, state: TradeoffState, point: Point) -> dict[str, Any]:
        kind = operations(state.points).index(point.operation)
        ground, colour = look.theme.ground, hue(kind, look.theme.mark)
        edge = ring(point, state.selected, {state.primary, state.pinned}, look.theme)
        return {
            "pos": (point.x, point.y),
            "symbol": SYMBOLS[kind % len(SYMBOLS)],
            "size": 12 if edge else 9,
            "brush": pg.mkBrush(ground if point.overlap else colour),
            "pen": pg.mkPen(edge or (colour if point.overlap else ground), width=2),
            "data": point.identity,
        }

    def _show_legend(self, state: TradeoffState) -> None:
        if not state.points:
            self._legend.setText(escape(nothing(state)))
            return
        marks = [
            f'<span style="color:{hue(kind, look.theme.mark)}">{SIGNS[kind % len(SIGNS)]}</span>&nbsp;'
            f"{escape(shortened(name, LONGEST))}"
            for kind, name in enumerate(operations(state.points))
        ]
        bands = [f"┃&nbsp;{BAND}"] if any(point.variants for point in state.points) else []
        learnt = [f"○&nbsp;{LEARNT.replace(' ', '&nbsp;')}"] if any(point.overlap for point in state.points) else []
        laws = [
            legend_of(curve, number, curve_colour(state.points, curve.group, look.theme))
            for number, curve in enumerate(state.curves)
        ]
        self._legend.setText(" &nbsp; ".join([*marks, "―&nbsp;front", *bands, *learnt, *laws]))

    def _on_together(self, together: bool) -> None:
        if self.session:
            self.session.set_option(SEEDS, "together" if together else "apart")

    def _on_axis(self, axis: str, measure: str) -> None:
        if self.session:
            self.session.set_option(f"tradeoff.{axis}", measure)

    def _on_mouse_moved(self, place: QPointF) -> None:
        at = self.plot.box.mapSceneToView(place)
        near = self.state and curve_at(self.state.curves, (at.x(), at.y()), self.plot.box.viewPixelSize())
        self.plot.setToolTip(as_tip(near.words) if near else "")

    def _on_cleared(self) -> None:
        if self.session:
            self.session.select_models(())

    def _at(self, x: float, y: float) -> str | None:
        spots = self._points.pointsAt(pg.Point(x, y))
        return str(spots[0].data()) if len(spots) else None

    def _on_clicked(self, x: float, y: float, modifiers: Qt.KeyboardModifier) -> None:
        identity = self._at(x, y)
        if identity is None or self.session is None:
            return
        mode = mode_of(modifiers)
        if mode == "replace":
            self.session.look("look at a model", primary=identity)
        else:
            self.session.select_models(self._models_at(identity), mode)

    def _models_at(self, identity: str) -> tuple[str, ...]:
        points = self.state.points if self.state else ()
        return next((point.models for point in points if point.identity == identity), (identity,))

    def _on_brushed(self, polygon: Any, mode: str) -> None:
        if self.session is None or self.state is None:
            return
        places = np.array([(p.x, p.y) for p in self.state.points]).reshape(-1, 2)
        hits = points_in_polygon(places, polygon)
        touched = (point for point, hit in zip(self.state.points, hits, strict=True) if hit)
        self.session.select_models((model for point in touched for model in point.models), mode)

    def _selection_bounds(self) -> QRectF | None:
        if self.state is None:
            return None
        return _around([p for p in self.state.points if not self.state.selected.isdisjoint(p.models)])


def _around(points: Sequence[Point]) -> QRectF | None:
    """Return the rectangle around points with their bounds; None where there are none."""
    if not points:
        return None
    left, bottom = min(p.x_low for p in points), min(p.y_low for p in points)
    right, top = max(p.x_high for p in points), max(p.y_high for p in points)
    return QRectF(QPointF(left, bottom), QPointF(right, top))


def _span(bars: pg.ErrorBarItem, points: list[Point], pen: Any) -> None:
    """Show the bounds of points on both axes."""
    x, y, left, right, bottom, top = (
        np.array([getattr(p, name) for p in points], dtype=float)
        for name in ("x", "y", "x_low", "x_high", "y_low", "y_high")
    )
    bars.setData(x=x, y=y, left=x - left, right=right - x, bottom=y - bottom, top=top - y, pen=pen)


def _translucent(colour: str) -> Any:
    found = pg.mkColor(colour)
    found.setAlpha(BAND_ALPHA)
    return pg.mkPen(found, width=BAND_WIDTH)


def _fill(box: QComboBox, names: tuple[str, ...], chosen: str) -> None:
    if tuple(box.itemText(i) for i in range(box.count())) != names:
        box.clear()
        box.addItems(names)
        for place, name in enumerate(names):
            box.setItemData(place, as_tip(name), Qt.ItemDataRole.ToolTipRole)
    box.setCurrentText(chosen)
