"""Geometry: angle and norm of every sample's feature, and its margin to the nearest boundary."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtWidgets import QHBoxLayout, QWidget

from .classes import coloured, draw_samples, hues, layers
from .cloud import Cloud
from .figure import Range, name_data
from .notice import Notice
from .panel import Panel, view
from .plot import Plot
from .table import Table, class_names
from .theme import LIGHT, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analysis.session import Session

ANGLE = "geometry.margins.angle"
NORM = "geometry.margins.norm"
MARGIN = "geometry.margins.margin"


@dataclass(frozen=True, eq=False)
class GeometryState:
    """What is drawn; every array has one entry a sample.

    Attributes
    ----------
    model, reference_name, data : str
        The models' names, and that of the data set.
    angle : array of float, degrees
        Between the feature and its own class direction.
    norm, margin : array of float
        The feature's norm; its distance to the nearest boundary, negative where misclassified.
    reference : array of float or None
        Margins of the pinned model.
    labels : array of int64
        True classes.
    classes : tuple of str
        Their names.
    coloured : tuple of int
        The classes that have a colour.
    selected : array of bool
        The selection.
    """

    model: str
    reference_name: str
    data: str
    angle: NDArray[np.float32]
    norm: NDArray[np.float32]
    margin: NDArray[np.float32]
    reference: NDArray[np.float32] | None
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    coloured: tuple[int, ...]
    selected: NDArray[np.bool_]


def resolve(session: "Session") -> GeometryState | Notice:
    """Return what is to be drawn, or a notice while the columns are not there."""
    state = session.state
    model = session.model(state.primary)
    if model is None or not session.has_column(model.identity, MARGIN):
        missing = Notice("empty", "The geometry of this model was not measured.", "Add 'geometry.margins' to a recipe.")
        return missing.unless_awaited(session, state.primary)
    arrays = [session.column(state.primary, name) for name in (ANGLE, NORM, MARGIN)]
    labels = session.labels()
    angle, norm, margin = arrays
    if labels is None or angle is None or norm is None or margin is None:
        error = session.error("column")
        return Notice.of(error) if error else Notice("busy", "Loading the geometry.")
    pinned = session.model(state.pinned)
    reference = session.column(state.pinned, MARGIN) if state.pinned != state.primary else None
    classes, selected = session.class_names(), session.selected_mask(len(labels))
    return GeometryState(
        model=model.name,
        reference_name=pinned.name if pinned and reference is not None else "",
        data=session.shown.name,
        angle=angle,
        norm=norm,
        margin=margin,
        reference=reference,
        labels=labels,
        classes=classes,
        coloured=coloured(classes, labels, selected),
        selected=selected,
    )


def table(state: GeometryState) -> Table:
    """Return one row a sample."""
    columns = {
        "Sample": np.arange(len(state.labels)),
        "Class": class_names(state.classes, state.labels),
        "Angle": state.angle,
        "Norm": state.norm,
        "Margin": state.margin,
        "Selected": state.selected,
    }
    return Table.of(columns, ("", "", "°", "", "", ""))


def bins(state: GeometryState, count: int = 60) -> NDArray[np.float64]:
    """Return the edges of the margin histogram, (count + 1,), shared with the reference; zero is one of them."""
    margins = state.margin if state.reference is None else np.concatenate([state.margin, state.reference])
    low, high = float(min(margins.min(), 0)), float(max(margins.max(), 1e-6))
    width = (high - low) / count
    return np.arange(np.floor(low / width), np.ceil(high / width) + 1) * width


def draw(figure: "Figure", state: GeometryState) -> None:
    """Draw it for print: the cloud beside the histogram."""
    name_data(figure, state.data)
    cloud: Any
    histogram: Any
    cloud, histogram = figure.subplots(1, 2)
    parts = layers(state.classes, state.labels, state.coloured, state.selected)
    draw_samples(cloud, state.angle, state.norm, parts)
    cloud.set_xlabel("Angle to own class direction (°)")
    cloud.set_ylabel("Feature norm")
    if cloud.get_legend_handles_labels()[0]:
        cloud.legend(frameon=False, markerscale=3)
    edges = bins(state)
    ground = LIGHT.faded if state.selected.any() else LIGHT.mark
    histogram.hist(state.margin, edges, color=ground, label=state.model)
    if state.selected.any():
        histogram.hist(state.margin[state.selected], edges, color=LIGHT.accent, label="selected")
    if state.reference is not None:
        histogram.hist(
            state.reference, edges, histtype="step", color="black", linewidth=0.8, label=state.reference_name
        )
    histogram.axvline(0, color="0.3", linewidth=0.6)
    histogram.set_xlabel("Margin")
    histogram.set_ylabel("Samples")
    histogram.yaxis.get_major_locator().set_params(integer=True)
    histogram.legend(frameon=False)


@view(
    id="geometry",
    title="Geometry",
    question="How sure is the network of each sample, and by which part of its geometry?",
    area="centre",
    order=3,
    width_mm=180.0,
)
class GeometryPanel(Panel[GeometryState]):
    """Angle against norm, beside the histogram of margins."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cloud_plot, self.margin_plot = Plot(self), Plot(self)
        self.margin_plot.set_tool("rectangle")
        self.margin_plot.set_axes("Margin", "Samples")
        self.margin_plot.set_whole(y=True)
        self._against = self.add_note()
        self.cloud = Cloud()
        self.cloud_plot.add(self.cloud)
        self.cloud_plot.set_axes("Angle to own class", "Feature norm", "°")
        self.cloud_plot.brushed.connect(lambda polygon, mode: self._select(self.cloud.within(polygon), mode))
        self.cloud_plot.selection_bounds = lambda: self.cloud.bounds(selected=True)
        self._edges, self._places = np.empty(0), np.empty(0, np.intp)  # of the margins' histogram
        self._all, self._chosen = (
            pg.BarGraphItem(x=[0], height=[0], width=1),
            pg.BarGraphItem(x=[0], height=[0], width=1),
        )
        self._reference = pg.PlotDataItem(stepMode="center")
        self._zero = pg.InfiniteLine(0)
        for item in (self._all, self._chosen, self._reference, self._zero):
            self.margin_plot.add(item)
        self.margin_plot.brushed.connect(self._on_margins_brushed)
        for plot in (self.cloud_plot, self.margin_plot):
            plot.cleared.connect(self._on_cleared)
        body = QWidget(self)
        layout = QHBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self.cloud_plot, 1)
        layout.addWidget(self.margin_plot, 1)
        self.set_content(body)

    def show_state(self, old: GeometryState | None, new: GeometryState) -> None:
        """Give the plots their points where they are others, and the selection."""
        same = old is not None and old.angle is new.angle and old.reference is new.reference
        if not same:
            self.cloud.set_points(np.column_stack([new.angle, new.norm]), hues(new.labels, new.coloured))
            self.cloud_plot.fit()
            self._edges = bins(new)
            self._places = np.searchsorted(self._edges, new.margin, side="right") - 1
            self._show_reference(new)
        elif old is not None and old.coloured != new.coloured:
            self.cloud.set_classes(hues(new.labels, new.coloured))
        self.cloud.set_mask(new.selected)
        if not same or (old is not None and old.selected.any() != new.selected.any()):
            self._show_bars(self._all, new, None)
        self._show_bars(self._chosen, new, new.selected)
        if not same:
            self.margin_plot.fit()

    def seen(self) -> tuple[Range | None, ...]:
        """Return what is seen of the cloud and of the histogram."""
        return self.cloud_plot.chosen, self.margin_plot.chosen

    def _show_bars(self, bars: Any, state: GeometryState, among: NDArray[np.bool_] | None) -> None:
        edges, theme = self._edges, look.theme
        places = self._places if among is None else self._places.take(np.flatnonzero(among))
        heights = np.bincount(places, minlength=len(edges) - 1)
        colour = theme.accent if among is not None else theme.faded if state.selected.any() else theme.mark
        centres, width = (edges[:-1] + edges[1:]) / 2, edges[1] - edges[0]
        bars.setOpts(x=centres, height=heights, width=width, brush=colour, pen=None)

    def _show_reference(self, state: GeometryState) -> None:
        reference = state.reference if state.reference is not None else np.empty(0)
        heights = np.histogram(reference, self._edges)[0]
        self._reference.setData(self._edges, heights, pen=pg.mkPen(look.theme.text, width=1))
        self._reference.setVisible(state.reference is not None)
        self._zero.setPen(pg.mkPen(look.theme.quiet, width=1))
        self._against.setText(f"outline: {state.reference_name}" if state.reference is not None else "")

    def _on_margins_brushed(self, polygon: Any, mode: str) -> None:
        if self.state is not None:
            low, high = polygon[:, 0].min(), polygon[:, 0].max()
            self._select((self.state.margin >= low) & (self.state.margin <= high), mode)

    def _on_cleared(self) -> None:
        if self.session:
            self.session.clear_selection()

    def _select(self, mask: NDArray[np.bool_], mode: str) -> None:
        if self.session:
            self.session.select_samples(mask, mode)
