"""Embedding: the same samples as two models see them, side by side in a shared frame."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from .cloud import Cloud
from .figure import name_data
from .notice import Notice
from .panel import Panel, view
from .parts import named, told
from .plot import Plot, link
from .table import Table, class_names
from .theme import GAP, TIGHT, class_colour

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analysis.session import Session

METHODS = ("umap", "pca")


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
    names : tuple of str
        The models: the reference, then the one looked at; one entry if they are the same.
    layouts : tuple of array, each (samples, 2)
        One a model, in a shared frame.
    labels : array of int64, shape (samples,)
        True classes.
    classes : tuple of str
        Their names.
    selected : array of bool, shape (samples,)
        The selection.
    """

    method: str
    pending: bool
    data: str
    names: tuple[str, ...]
    layouts: tuple[NDArray[np.float32], ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
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
    return EmbeddingState(
        method=method if wanted else "pca",
        pending=wanted is None and error is None,
        data=session.shown.name,
        names=tuple(record.name for record in map(session.model, models) if record),
        layouts=tuple(layouts),
        labels=labels,
        classes=session.class_names(),
        selected=session.selected_mask(len(labels)),
    )


def placed(layout: NDArray[np.float32]) -> str:
    """Return how many samples have a place, in words, where not all of them have one."""
    count = int(np.isfinite(layout[:, 0]).sum())
    return "" if count == len(layout) else f"{count:,} of {len(layout):,} samples, drawn at random"


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
    panels: Any = figure.subplots(1, len(state.layouts), sharex=True, sharey=True, squeeze=False)[0]
    for axes, name, layout in zip(panels, state.names, state.layouts, strict=True):
        for label, title in enumerate(state.classes):
            points = layout[state.labels == label]
            axes.plot(points[:, 0], points[:, 1], ".", markersize=2, label=title, rasterized=True)
        axes.set_title(name)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal")
    if note := placed(state.layouts[0]):
        figure.supxlabel(note)
    handles, names = panels[0].get_legend_handles_labels()
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
        self._part = link(*(plane.plot for plane in self.planes))
        self.set_content(self._lay_out())

    def _lay_out(self) -> QWidget:
        body = QWidget(self)
        self._legend = named(QLabel(body, wordWrap=True), "quiet")
        line = QHBoxLayout()
        line.setSpacing(1)
        for plane in self.planes:
            line.addWidget(plane, 1)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, TIGHT)
        layout.setSpacing(0)
        layout.addLayout(line, 1)
        layout.addWidget(self._legend)
        self._legend.setContentsMargins(GAP, 0, GAP, 0)
        return body

    def show_state(self, old: EmbeddingState | None, new: EmbeddingState) -> None:
        """Give each plane its layout where that is another one, and its selection."""
        self._method.setCurrentText((self.session and self.session.option("embedding.method")) or METHODS[0])
        if old is None or old.layouts[0] is not new.layouts[0] or old.pending != new.pending:
            self._pending.setText("UMAP is on its way" if new.pending else placed(new.layouts[0]))
        if old is None or old.classes != new.classes:
            self._legend.setText(_legend(new.classes))
        fresh = old is None or len(old.layouts) != len(new.layouts)
        for number, plane in enumerate(self.planes):
            there = number < len(new.layouts)
            plane.setVisible(there)
            if there:
                same = old is not None and not fresh and old.layouts[number] is new.layouts[number]
                plane.show_layout(new, number, same)
        if old is None or fresh or any(a is not b for a, b in zip(old.layouts, new.layouts, strict=True)):
            self._fit()

    def _fit(self) -> None:
        """Show all of both layouts."""
        there = [plane for plane in self.planes if not plane.isHidden()]
        bounds = [bounds for plane in there if (bounds := plane.cloud.bounds())]
        if bounds:
            whole = bounds[0]
            for other in bounds[1:]:
                whole = whole.united(other)
            there[0].plot.box.setRange(whole, padding=0.06)

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
        self._name = named(QLabel(self), "quiet")
        self._name.setContentsMargins(GAP, TIGHT, GAP, 0)
        self.plot = Plot(self)
        self.plot.hide_axes()
        self.plot.box.setAspectLocked(True)
        self.cloud = Cloud()
        self.plot.add(self.cloud)
        self.plot.brushed.connect(lambda polygon, mode: panel.brush(self.cloud.within(polygon), mode))
        self.plot.cleared.connect(panel.clear)
        self.plot.selection_bounds = lambda: self.cloud.bounds(selected=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._name)
        layout.addWidget(self.plot, 1)

    def show_layout(self, state: EmbeddingState, number: int, same: bool) -> None:
        self._name.setText(f"{'AB'[number]}  {state.names[number]}")
        if not same:
            self.cloud.set_points(state.layouts[number], state.labels)
        self.cloud.set_mask(state.selected)


def _legend(classes: tuple[str, ...]) -> str:
    marks = [f'<span style="color:{class_colour(i)}">●</span>&nbsp;{name}' for i, name in enumerate(classes)]
    return " &nbsp; ".join(marks)
