"""Trade-off: every model by any two measures, with the front that nothing beats."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QWidget

from ..analysis.measured import overlap_text
from ..kernels.raster import points_in_polygon
from .curves import Curve, CurveLayer, curve_at, curves_of, draw_curve, legend_of
from .notice import Notice
from .panel import Panel, view
from .parts import column, named, told
from .plot import Plot, mode_of
from .points import Axis, Point, axis, front_of, gathered, offered, points_of, preferred, values
from .table import Table
from .theme import CLASS_HUES, GAP, TIGHT, look
from .tips import as_tip

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analysis.session import Session
    from ..analysis.sets.kept import KeptFit

PREFERRED_X = ("cost.nominal.nonzeros", "cost.nominal.macs", "cost.nominal.parameters")
PREFERRED_Y = ("accuracy", "loss")
SEEDS = "tradeoff.seeds"
"""Whether models that differ by their seed alone are drawn ``together`` or ``apart``."""
BAND = "range over seeds"
LEARNT = "has learnt from these samples"
BAND_WIDTH, BAND_ALPHA = 6, 110


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


def resolve(session: "Session") -> TradeoffState | Notice:
    """Return what is to be drawn, or a notice while no model has both measures."""
    snapshot, measures = session.snapshot, offered(session)
    y = _chosen(session, "tradeoff.y", measures) or preferred(measures, PREFERRED_Y)
    x = _chosen(session, "tradeoff.x", measures) or preferred(measures, PREFERRED_X, beside=y)
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
        measures=measures,
        points=points,
        seeds=len(together) < len(each),
        together=banded,
        front=front_of(points, *axes),
        curves=curves_of(_fits_here(session), x, y),
        selected=session.state.selection.models,
        primary=session.state.primary,
        pinned=session.state.pinned,
    )


def _chosen(session: "Session", option: str, measures: Sequence[str]) -> str | None:
    """Return what a person chose for an axis, as far as it was measured on the data set that is shown."""
    chosen = session.option(option)
    return chosen if chosen in measures else None


def _fits_here(session: "Session") -> list["KeptFit"]:
    return [fit for fit in session.snapshot.fits if fit.spec.data in (None, session.state.data)]


def table(state: TradeoffState) -> Table:
    """Return one row a point."""
    x, y = state.x, state.y
    rows = tuple(
        (p.name, p.operation, p.x, p.x_low, p.x_high, p.y, p.y_low, p.y_high, p.bounds, front, overlap_text(p.overlap))
        for i, p in enumerate(state.points)
        for front in ("yes" if i in state.front else "",)
    )
    columns = ("Model", "Operation", x.title, "Least", "Greatest", y.title, "Low", "High", "Bounds", "On the front")
    return Table((*columns, "Remark"), rows, ("", "", *[x.unit] * 3, *[y.unit] * 3, "", "", ""))


def draw(figure: "Figure", state: TradeoffState) -> None:
    """Draw it for print."""
    axes: Any = figure.add_subplot()
    for number, operation in enumerate(dict.fromkeys(point.operation for point in state.points)):
        points = [point for point in state.points if point.operation == operation]
        colour, symbol = f"C{number % 10}", "osD^v<>P"[number % 8]
        for point in points:
            _draw_bounds(axes, point, colour)
        places = [p.x for p in points], [p.y for p in points]
        axes.plot(*places, symbol, color=colour, markersize=4, label=operation)
    if learnt := [point for point in state.points if point.overlap]:
        places = [p.x for p in learnt], [p.y for p in learnt]
        axes.plot(*places, "o", color="white", markersize=1.8, markeredgecolor="0.3", markeredgewidth=0.3, label=LEARNT)
    front = [state.points[i] for i in state.front]
    axes.plot([p.x for p in front], [p.y for p in front], color="0.4", linewidth=0.8, zorder=0, label="front")
    if any(point.variants for point in state.points):
        axes.plot([], [], color="0.5", alpha=0.5, linewidth=4, label=BAND)
    for number, curve in enumerate(state.curves):
        draw_curve(axes, curve, number, _print_colour(state, curve))
    axes.set_xlabel(state.x.label)
    axes.set_ylabel(state.y.label)
    axes.legend(frameon=False)


def _print_colour(state: TradeoffState, curve: Curve) -> str:
    operations = _operations(state)
    return f"C{operations.index(curve.group) % 10}" if curve.group in operations else "0.3"


def _draw_bounds(axes: Any, point: Point, colour: str) -> None:
    across = [[point.x - point.x_low], [point.x_high - point.x]]
    upward = [[point.y - point.y_low], [point.y_high - point.y]]
    width, strength = (4, 0.35) if point.variants else (0.7, 1)
    axes.errorbar(point.x, point.y, upward, across, fmt="none", ecolor=colour, elinewidth=width, alpha=strength)


_SYMBOLS = ("o", "s", "d", "t1", "t", "star", "p", "h")
_SIGNS = "●■◆▲▼★⬟⬢"


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
        box = told(QComboBox(self), f"What the {name} axis shows", f"{name} axis")
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(14)
        box.textActivated.connect(lambda text: self._on_axis(name, text))
        self.add_control(box)
        return box

    def show_state(self, old: TradeoffState | None, new: TradeoffState) -> None:
        """Draw the points anew; there are few."""
        for name, shown in (("x", new.x), ("y", new.y)):
            _fill(self._boxes[name], new.measures, shown.name)
        self.plot.set_axes(new.x.title, new.y.title, new.x.unit, new.y.unit)
        front = [new.points[i] for i in new.front]
        theme = look.theme
        self._front.setData([p.x for p in front], [p.y for p in front], pen=pg.mkPen(theme.quiet, width=1))
        with QSignalBlocker(self._together):
            self._together.setChecked(new.together)
        self._together.setVisible(new.seeds)
        _span(self._bars, [p for p in new.points if not p.variants], pg.mkPen(theme.faded))
        _span(self._bands, [p for p in new.points if p.variants], _translucent(theme.quiet))
        self._points.setData([self._spot(new, point) for point in new.points])
        self._curves.show([(curve, _colour_of(new, curve)) for curve in new.curves])
        self._show_legend(new)
        if old is None or (old.x, old.y, len(old.points)) != (new.x, new.y, len(new.points)):
            self.plot.fit()

    def _spot(self, state: TradeoffState, point: Point) -> dict[str, Any]:
        kind = _operations(state).index(point.operation)
        chosen = not state.selected.isdisjoint(point.models)
        looked = state.primary in point.models
        pinned = state.pinned in point.models
        ring = look.theme.accent if chosen else look.theme.text
        hue = CLASS_HUES[kind % len(CLASS_HUES)]
        edge = hue if point.overlap else look.theme.ground
        return {
            "pos": (point.x, point.y),
            "symbol": _SYMBOLS[kind % len(_SYMBOLS)],
            "size": 12 if looked or chosen or pinned else 9,
            "brush": pg.mkBrush(look.theme.ground if point.overlap else hue),
            "pen": pg.mkPen(ring if chosen or looked or pinned else edge, width=2),
            "data": point.identity,
        }

    def _show_legend(self, state: TradeoffState) -> None:
        marks = [
            f'<span style="color:{CLASS_HUES[kind % len(CLASS_HUES)]}">{_SIGNS[kind % len(_SIGNS)]}</span>&nbsp;{name}'
            for kind, name in enumerate(_operations(state))
        ]
        bands = [f"┃&nbsp;{BAND}"] if any(point.variants for point in state.points) else []
        learnt = [f"○&nbsp;{LEARNT.replace(' ', '&nbsp;')}"] if any(point.overlap for point in state.points) else []
        laws = [legend_of(curve, number, _colour_of(state, curve)) for number, curve in enumerate(state.curves)]
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
        places = np.array([(p.x, p.y) for p in self.state.points])
        hits = points_in_polygon(places, polygon)
        touched = (point for point, hit in zip(self.state.points, hits, strict=True) if hit)
        self.session.select_models((model for point in touched for model in point.models), mode)

    def _selection_bounds(self) -> QRectF | None:
        if self.state is None:
            return None
        chosen = [p for p in self.state.points if not self.state.selected.isdisjoint(p.models)]
        if not chosen:
            return None
        x, y = [p.x for p in chosen], [p.y for p in chosen]
        return QRectF(min(x), min(y), max(x) - min(x), max(y) - min(y))


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


def _operations(state: TradeoffState) -> list[str]:
    return list(dict.fromkeys(point.operation for point in state.points))


def _colour_of(state: TradeoffState, curve: Curve) -> str:
    """Return the colour of the operation that a curve's models were made by, where one made them all."""
    operations = _operations(state)
    known = curve.group in operations
    return CLASS_HUES[operations.index(curve.group) % len(CLASS_HUES)] if known else look.theme.text


def _fill(box: QComboBox, names: tuple[str, ...], chosen: str) -> None:
    if tuple(box.itemText(i) for i in range(box.count())) != names:
        box.clear()
        box.addItems(names)
    box.setCurrentText(chosen)
