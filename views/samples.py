"""Samples: thumbnails of the selection with what the networks make of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ..analysis.errors import UserError
from .figure import name_data
from .notice import Notice
from .panel import Panel, view
from .table import Table, class_name
from .theme import GAP, LIGHT, look
from .tips import as_tip

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analysis.session import Session

LIMIT = 400
_PRINTED = 24


@dataclass(frozen=True, eq=False)
class SamplesState:
    """What is shown.

    Attributes
    ----------
    data : str
        Name of the data set.
    samples : array of int64
        Indices of at most `LIMIT` samples, in the order of showing.
    total : int
        How many samples the selection, or the disagreement, has in all.
    selection : bool
        Whether these are selected; otherwise the two models disagree on them.
    pictures : array of uint8, (shown, height, width, 3), or None
        Their thumbnails, where the workspace keeps some.
    labels, predictions, reference : arrays of int64, (shown,)
        True classes, the model's predictions and the reference's.
    names, classes : tuple of str
        Names of the shown samples; names of all classes.
    """

    data: str
    samples: NDArray[np.int64]
    total: int
    selection: bool
    pictures: NDArray[np.uint8] | None
    labels: NDArray[np.int64]
    predictions: NDArray[np.int64]
    reference: NDArray[np.int64]
    names: tuple[str, ...]
    classes: tuple[str, ...]

    def remark(self, shown: int) -> str:
        """Return what the samples are, and how many of them are shown where that is not all."""
        what = "selected" if self.selection else "where the models disagree"
        return f"{self.total:,} {what}" + (f", the first {shown}" if self.total > shown else "")

    def caption(self, shown: int) -> str:
        """Return the true class, and below it the prediction where it is wrong."""
        label, own = int(self.labels[shown]), int(self.predictions[shown])
        names = class_name(self.classes, label), class_name(self.classes, own)
        return names[0] if own == label else "\n→ ".join(names)

    def description(self, shown: int) -> str:
        """Return name, true class and both predictions."""
        label, own, other = (int(array[shown]) for array in (self.labels, self.predictions, self.reference))
        true, predicted, elsewhere = (class_name(self.classes, index) for index in (label, own, other))
        return f"{self.names[shown]}\n{true}, predicted {predicted}, by the reference {elsewhere}"


def resolve(session: "Session") -> SamplesState | Notice:
    """Return the selected samples, or those that the models disagree on, or a notice where there are none."""
    state = session.state
    if not session.has_column(state.primary or "", "prediction"):
        missing = Notice("empty", "This model has no predictions yet.", "Measure 'accuracy' on a data set.")
        return missing.unless_awaited(session, state.primary)
    labels, names = session.labels(), session.sample_names()
    predictions = session.column(state.primary, "prediction")
    other = state.pinned if session.has_column(state.pinned or "", "prediction") else state.primary
    reference = session.column(other, "prediction")
    if labels is None or names is None or predictions is None or reference is None:
        error = session.error("column")
        return Notice.of(error) if error else Notice("busy", "Loading the samples.")
    selected = session.selected_mask(len(labels))
    chosen = selected if selected.any() else predictions != reference
    if not chosen.any():
        return Notice("empty", "No sample is selected.", "Brush some in the embedding or the geometry.")
    samples = np.flatnonzero(chosen)
    shown = _worst(samples, session.column(state.primary, "geometry.margins.margin"))
    pictures = session.pictures()
    return SamplesState(
        data=session.shown.name,
        samples=shown,
        total=len(samples),
        selection=bool(selected.any()),
        pictures=None if pictures is None else pictures[shown],
        labels=labels[shown],
        predictions=predictions[shown].astype(np.int64),
        reference=reference[shown].astype(np.int64),
        names=tuple(name.decode() for name in names[shown]),
        classes=session.class_names(),
    )


def _worst(samples: NDArray[np.int64], margin: NDArray[np.float32] | None) -> NDArray[np.int64]:
    """Return at most `LIMIT` of the samples, those of least margin first."""
    if margin is not None:
        if len(samples) > LIMIT:
            samples = np.sort(samples[np.argpartition(margin[samples], LIMIT)[:LIMIT]])
        samples = samples[np.argsort(margin[samples], kind="stable")]
    return samples[:LIMIT]


def table(state: SamplesState) -> Table:
    """Return one row a shown sample."""
    rows = tuple(
        (int(sample), state.names[i], *(class_name(state.classes, int(a[i])) for a in _classes_of(state)))
        for i, sample in enumerate(state.samples)
    )
    return Table(("Sample", "Name", "Class", "Prediction", "Reference"), rows)


def _classes_of(state: SamplesState) -> tuple[NDArray[np.int64], ...]:
    return state.labels, state.predictions, state.reference


def draw(figure: "Figure", state: SamplesState) -> None:
    """Draw the first ones for print.

    Raises
    ------
    UserError
        If the workspace keeps no pictures of them.
    """
    if state.pictures is None:
        raise UserError("The workspace keeps no pictures of these samples.", "Export their table instead.")
    name_data(figure, state.data)
    count = min(_PRINTED, len(state.samples))
    figure.supxlabel(state.remark(count))
    panels: Any = figure.subplots(4, 6).ravel()
    for axes in panels:
        axes.set_axis_off()
    for shown in range(count):
        panels[shown].imshow(state.pictures[shown])
        colour = LIGHT.text if state.labels[shown] == state.predictions[shown] else LIGHT.trouble
        panels[shown].set_title(state.caption(shown), fontsize=5, pad=2, color=colour)


_SIDE = 56
_WIDEST = 140
Index = QModelIndex | QPersistentModelIndex


@view(
    id="samples",
    title="Samples",
    question="What do the selected samples look like, and what does the network make of them?",
    area="centre",
    order=4,
    width_mm=120.0,
)
class SamplesPanel(Panel[SamplesState]):
    """Thumbnails with captions."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count = self.add_note()
        self._model = _Thumbnails(self)
        self._list = _Gallery(self)
        self._list.setModel(self._model)
        self.set_content(self._list)

    def show_state(self, old: SamplesState | None, new: SamplesState) -> None:
        """Show other samples."""
        self._count.setText(new.remark(len(new.samples)))
        self._model.show_state(new)
        self._list.fit(new.classes)


class _Gallery(QListView):
    """Pictures over captions of two lines, in as many columns as fill the width and hold the longest class name."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, viewMode=QListView.ViewMode.IconMode, uniformItemSizes=True, wordWrap=True)
        self._least = _SIDE
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setIconSize(QSize(_SIDE, _SIDE))
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setItemDelegate(_Cell(self))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # its coming and going would move all
        self.setSelectionMode(QListView.SelectionMode.NoSelection)

    def fit(self, classes: Sequence[str]) -> None:
        """Make the columns wide enough for the names of these classes, up to a limit."""
        widest = max((self.fontMetrics().horizontalAdvance(f"→ {name}") for name in classes), default=0)
        self._least = min(max(widest, _SIDE), _WIDEST) + GAP
        self._fill()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        self._fill()
        super().resizeEvent(event)

    def _fill(self) -> None:
        room = self.viewport().width() - 2  # a column that ends exactly at the edge is moved to the next row
        columns = max(room // self._least, 1)
        self.setGridSize(QSize(room // columns, _SIDE + 2 * self.fontMetrics().lineSpacing() + GAP))


class _Cell(QStyledItemDelegate):
    """A sample as large as its place; Qt would wrap the caption at the width of the picture."""

    def __init__(self, gallery: _Gallery) -> None:
        super().__init__(gallery)
        self._gallery = gallery

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 - Qt's name
        return self._gallery.gridSize()


class _Thumbnails(QAbstractListModel):
    """The samples for Qt's list; a picture is made when it is first seen."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._state: SamplesState | None = None
        self._made: dict[int, QPixmap] = {}

    def show_state(self, state: SamplesState) -> None:
        self.beginResetModel()
        self._state, self._made = state, {}
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's name and its default
        return len(self._state.samples) if self._state and not parent.isValid() else 0

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        state, row = self._state, index.row()
        if state is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return state.caption(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return as_tip(state.description(row))
        if role == Qt.ItemDataRole.DecorationRole:
            return self._picture(state, row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        if role == Qt.ItemDataRole.ForegroundRole and state.labels[row] != state.predictions[row]:
            return QColor(look.theme.trouble)
        return None

    def _picture(self, state: SamplesState, row: int) -> QPixmap | None:
        if state.pictures is None:
            return None
        if row not in self._made:
            pixels = np.ascontiguousarray(state.pictures[row])
            height, width, _ = pixels.shape
            image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            self._made[row] = QPixmap.fromImage(image.scaled(_SIDE, _SIDE, Qt.AspectRatioMode.KeepAspectRatio))
        return self._made[row]
