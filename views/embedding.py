"""Embedding: the same samples as two models see them, side by side in a shared frame."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from ..analysis.wording import share_of
from .classes import coloured, draw_samples, hues, layers, legend, number_of
from .cloud import Cloud
from .figure import Range, name_data
from .linked import OneRange, SideBySide
from .notice import Notice
from .panel import Panel, view
from .parts import Line, named, told
from .plot import Plot, mode_of
from .table import Table, class_names
from .theme import GAP, TIGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analysis.session import Session

METHODS = ("umap", "pca")
TITLES = {"umap": "UMAP", "pca": "Principal components"}


@dataclass(frozen=True, eq=False)
class EmbeddingState:
    """What is drawn.

    Attributes
    ----------
    method : str
        The layout that is there: ``umap`` once it is ready, ``pca`` before.
    pending : bool
        Whether a better one is on its way.
    data : str
        Name of the data set.
    problem : str
        Why the wanted layout cannot be had, and another is drawn; empty where it can.
    names : tuple of str
        The models: the reference, then the one looked at; one entry if they are the same.
    layouts : tuple of array, each (samples, 2)
        One a model, in a shared frame.
    labels : array of int64, shape (samples,)
        True classes.
    classes : tuple of str
        Their names.
    coloured : tuple of int
        The classes that have a colour.
    selected : array of bool, shape (samples,)
        The selection.
    """

    method: str
    pending: bool
    data: str
    problem: str
    names: tuple[str, ...]
    layouts: tuple[NDArray[np.float32], ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    coloured: tuple[int, ...]
    selected: NDArray[np.bool_]


def resolve(session: "Session") -> EmbeddingState | Notice:
    """Return the wanted layout, the principal components while it is computed, or a notice while neither is there."""
    method = session.option("embedding.method") or "umap"
    primary = session.state.primary
    looked = dict.fromkeys(m for m in (session.state.pinned, primary) if m)
    models = tuple(model for model in looked if session.has_column(model, "features"))
    if primary not in models:
        missing = Notice("empty", "There are no features to lay out.", "Measure 'geometry.margins' on a data set.")
        return missing.unless_awaited(session, primary)
    labels = session.labels()
    if labels is None:
        return Notice("busy", "Loading the labels.")
    first = session.projection(models, "pca")
    wanted = session.projection(models, method) if method != "pca" else first
    layouts = wanted or first
    error = session.error("layouts")
    if layouts is None:
        return Notice.of(error) if error else Notice("busy", "Computing the principal components.")
    classes, selected = session.class_names(), session.selected_mask(len(labels))
    return EmbeddingState(
        method=method if wanted else "pca",
        pending=wanted is None and error is None,
        data=session.shown.name,
        problem=str(error) if error and not wanted else "",
        names=tuple(record.name for record in map(session.model, models) if record),
        layouts=tuple(layouts),
        labels=labels,
        classes=classes,
        coloured=coloured(classes, labels, selected),
        selected=selected,
    )


def remark(state: EmbeddingState) -> str:
    """Return what is to be said of the layout that is drawn, in words; empty where it is the wanted one of all."""
    if state.pending:
        return "UMAP is on its way"
    return f"Principal components: {state.problem}" if state.problem else placed(state.layouts[0])


def placed(layout: NDArray[np.float32]) -> str:
    """Return how many samples have a place, in words, where not all of them have one."""
    count = int(np.isfinite(layout[:, 0]).sum())
    return "" if count == len(layout) else f"{share_of(count, len(layout), 'sample')}, drawn at random"


def table(state: EmbeddingState) -> Table:
    """Return one row a sample."""
    columns: dict[str, Any] = {
        "Sample": np.arange(len(state.labels)),
        "Class": class_names(state.classes, state.labels),
        "Selected": state.selected,
    }
    for name, layout in zip(state.names, state.layouts, strict=True):
        columns |= {f"x in {name}": layout[:, 0], f"y in {name}": layout[:, 1]}
    return Table.of(columns)


def draw(figure: "Figure", state: EmbeddingState) -> None:
    """Draw it for print: one panel a model, with shared axes."""
    name_data(figure, state.data)
    figure.set_figheight(figure.get_figwidth() * (0.55 if len(state.layouts) > 1 else 0.75))
    panels: Any = figure.subplots(1, len(state.layouts), sharex=True, sharey=True, squeeze=False)[0]
    for axes, name, layout in zip(panels, state.names, state.layouts, strict=True):
        parts = layers(state.classes, state.labels, state.coloured, state.selected)
        draw_samples(axes, layout[:, 0], layout[:, 1], parts)
        axes.set_title(name)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal")
    figure.supxlabel(", ".join(filter(None, (TITLES.get(state.method, state.method), placed(state.layouts[0])))))
    handles, names = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, names, loc="outside right upper", frameon=False, markerscale=3)


@view(
    id="embedding",
    title="Embedding",
    question="Which samples does a network see as alike, and which of them moved?",
    area="centre",
    order=2,
    width_mm=180.0,
)
class EmbeddingPanel(Panel[EmbeddingState]):
    """Two linked planes, the reference at the left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._method = told(QComboBox(self), "How the samples are laid out", "Layout")
        self._method.addItems(METHODS)
        self._method.textActivated.connect(self._on_method)
        self._pending = self.add_note()
        self.add_control(self._method)
        self.planes = (_Plane(self), _Plane(self))
        self._range = OneRange([plane.plot for plane in self.planes])
        self.set_content(self._lay_out())

    def _lay_out(self) -> QWidget:
        body = QWidget(self)
        self._pair = SideBySide(body, self.planes)
        self._legend = named(QLabel(body, wordWrap=True), "quiet")
        self._legend.linkActivated.connect(self._on_class_clicked)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, TIGHT)
        layout.setSpacing(0)
        layout.addWidget(self._pair, 1)
        layout.addWidget(self._legend)
        self._legend.setContentsMargins(GAP, 0, GAP, 0)
        return body

    def show_state(self, old: EmbeddingState | None, new: EmbeddingState) -> None:
        """Give each plane its layout where that is another one, and its selection."""
        self._method.setCurrentText((self.session and self.session.option("embedding.method")) or METHODS[0])
        self._pending.setText(remark(new))
        if old is None or (old.classes, old.coloured) != (new.classes, new.coloured):
            self._legend.setText(legend(new.classes, number_of(new.classes, new.labels), new.coloured))
        fresh = old is None or len(old.layouts) != len(new.layouts)
        for number, plane in enumerate(self.planes):
            there = number < len(new.layouts)
            plane.setVisible(there)
            if there:
                plane.show_layout(None if fresh else old, new, number)
        if old is None or fresh or any(a is not b for a, b in zip(old.layouts, new.layouts, strict=True)):
            self._pair.place()
            self.planes[0].plot.fit()
            self._range.settle()

    def seen(self) -> tuple[Range | None, ...]:
        """Return the one range that all planes show."""
        return (self.planes[0].plot.chosen,) * len(self.state.layouts if self.state else ())

    def bounds(self) -> QRectF | None:
        """Return the rectangle around all layouts."""
        found = [bounds for plane in self.planes if not plane.isHidden() and (bounds := plane.cloud.bounds())]
        whole = found[0] if found else None
        for other in found[1:]:
            whole = whole.united(other) if whole else other
        return whole

    def _on_class_clicked(self, number: str) -> None:
        if self.state:
            self.brush(self.state.labels == int(number), mode_of(QGuiApplication.keyboardModifiers()))

    def _on_method(self, name: str) -> None:
        if self.session:
            self.session.set_option("embedding.method", name)

    def brush(self, mask: NDArray[np.bool_], mode: str) -> None:
        """Select samples."""
        if self.session:
            self.session.select_samples(mask, mode)

    def clear(self) -> None:
        """Select none."""
        if self.session:
            self.session.clear_selection()


class _Plane(QWidget):
    """One model's layout under its name."""

    def __init__(self, panel: EmbeddingPanel) -> None:
        super().__init__(panel)
        self._name = named(Line(self), "quiet")
        self._name.setContentsMargins(GAP, TIGHT, GAP, 0)
        self.plot = Plot(self)
        self.plot.hide_axes()
        self.plot.box.setAspectLocked(True)
        self.cloud = Cloud()
        self.plot.add(self.cloud)
        self.plot.brushed.connect(lambda polygon, mode: panel.brush(self.cloud.within(polygon), mode))
        self.plot.cleared.connect(panel.clear)
        self.plot.all_bounds = panel.bounds
        self.plot.selection_bounds = lambda: self.cloud.bounds(selected=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._name)
        layout.addWidget(self.plot, 1)

    def show_layout(self, old: EmbeddingState | None, new: EmbeddingState, number: int) -> None:
        """Show one of the layouts, as far as it differs."""
        self._name.setText(f"{'AB'[number]}  {new.names[number]}")
        if old is None or old.layouts[number] is not new.layouts[number]:
            self.cloud.set_points(new.layouts[number], hues(new.labels, new.coloured))
        elif old.coloured != new.coloured:
            self.cloud.set_classes(hues(new.labels, new.coloured))
        self.cloud.set_mask(new.selected)
