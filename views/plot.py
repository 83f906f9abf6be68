"""Plots: axes in the theme's colours, and the gestures that every view shares."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QGraphicsPathItem, QWidget

from .axes import number_axes
from .figure import Range
from .theme import TIGHT, look

Tool = Literal["lasso", "rectangle", "hand"]
_AIR = 0.06  # of the extent, on each side of what is shown
_STEP_PX = 3.0  # a lasso takes a corner every so many pixels
_CURSORS = {
    "lasso": Qt.CursorShape.CrossCursor,
    "rectangle": Qt.CursorShape.CrossCursor,
    "hand": Qt.CursorShape.OpenHandCursor,
}
_TOOL_KEYS: dict[int, Tool] = {Qt.Key.Key_L: "lasso", Qt.Key.Key_R: "rectangle", Qt.Key.Key_H: "hand"}


def mode_of(modifiers: Qt.KeyboardModifier) -> str:
    """Return how a gesture combines with the selection: Shift adds, Alt removes, both intersect."""
    shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
    alt = bool(modifiers & Qt.KeyboardModifier.AltModifier)
    return {(False, False): "replace", (True, False): "add", (False, True): "remove", (True, True): "intersect"}[
        shift, alt
    ]


class Plot(pg.PlotWidget):  # type: ignore[misc]
    """A plane with axes, a light grid, and tools to brush and move.

    `tool` holds for the left button; Space borrows the hand while it is held. `zoomed` says whether a person chose
    what is seen; until then it is `all_bounds`, whatever the plot's size.
    """

    brushed = Signal(object, str)
    """A polygon (k, 2) in data coordinates, and the mode: ``replace``, ``add``, ``remove`` or ``intersect``."""
    clicked = Signal(float, float, object)
    """A place in data coordinates, and the keyboard's modifiers."""
    cleared = Signal()
    """Nothing shall be selected."""
    tool_changed = Signal(str)
    moved = Signal(QRectF)
    """The range that is seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.box = _Box(self)
        super().__init__(parent, viewBox=self.box, axisItems=number_axes())
        self.box.disableAutoRange()
        self.zoomed = False
        self.tool: Tool = "lasso"
        self.occupied: Callable[[float, float], bool] = lambda x, y: False
        self.all_bounds: Callable[[], QRectF | None] = self._item_bounds
        self.selection_bounds: Callable[[], QRectF | None] = lambda: None
        self._borrowed: Tool | None = None
        self._named: dict[str, str] = {}
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(False)  # what is dropped is the window's
        self.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.getPlotItem().hideButtons()
        self.getPlotItem().setMenuEnabled(False)
        # It is never opened. Without a parent it is never styled either, which would take longer than all the rest.
        self.destroyed.connect(self.getPlotItem().ctrlMenu.deleteLater)
        self.getPlotItem().setContentsMargins(TIGHT, TIGHT, 2 * TIGHT, TIGHT)
        for side in ("left", "bottom"):
            self.getAxis(side).enableAutoSIPrefix(False)
            self.getAxis(side).setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)  # a brush leaves it as it is
            self.getAxis(side).setStyle(tickLength=-4, tickTextOffset=TIGHT, hideOverlappingLabels=True)
        self.box.sigRangeChanged.connect(lambda *_: self.moved.emit(self.seen))
        self.box.sigResized.connect(lambda *_: self.refit())
        self.setCursor(_CURSORS[self.tool])
        look.changed.connect(self.restyle)
        self.restyle()

    # What is seen

    @property
    def seen(self) -> QRectF:
        """The range that is seen, in data coordinates."""
        return QRectF(self.box.viewRect())

    @property
    def chosen(self) -> Range | None:
        """The range that is seen where a person chose it, for a figure; None where all is seen."""
        rect = self.seen
        return (rect.left(), rect.right(), rect.top(), rect.bottom()) if self.zoomed else None

    def set_whole(self, *, x: bool = False, y: bool = False) -> None:
        """Say which axes count things, so that nothing is written between whole numbers."""
        for side, whole in (("bottom", x), ("left", y)):
            if self.getAxis(side).whole != whole:
                self.getAxis(side).whole = whole
                self.getAxis(side).picture = None
                self.getAxis(side).update()

    def set_axes(self, x: str, y: str, x_unit: str = "", y_unit: str = "") -> None:
        """Name the axes, with their units."""
        for side, name, unit in (("bottom", x, x_unit), ("left", y, y_unit)):
            text = f"{name} ({unit})" if unit else name
            if text != self._named.get(side):  # to name an axis is to lay it out and paint it anew
                self._named[side] = text
                self.getAxis(side).setLabel(text)
                self.showAxis(side)

    def hide_axes(self) -> None:
        """Leave the axes out, where a plane's coordinates mean nothing."""
        self._named.clear()
        for side in ("left", "bottom"):
            self.hideAxis(side)

    def add(self, item: Any) -> None:
        """Add a graphics item."""
        self.addItem(item)

    def restyle(self) -> None:
        """Take over the theme's colours."""
        if self.plotItem is None:  # closed
            return
        theme = look.theme
        self.setBackground(theme.ground)
        font = QFont(self.font())
        font.setPixelSize(round(11 * look.scale))
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(pg.mkPen(theme.hairline))
            axis.setTickPen(pg.mkPen(theme.grid))
            axis.setTextPen(pg.mkPen(theme.quiet))
            axis.setTickFont(font)
            axis.label.setFont(font)
            axis.setGrid(255)
            axis.setZValue(-1000)  # the grid lies beneath the marks
        self.box.restyle()
        for item in self.getPlotItem().items:
            if hasattr(item, "restyle"):
                item.restyle()

    # Commands

    def set_tool(self, tool: Tool) -> None:
        """Take up a tool."""
        if tool != self.tool:
            self.tool = tool
            self.setCursor(_CURSORS[tool])
            self.tool_changed.emit(tool)

    def fit(self) -> None:
        """Show everything, also when the plot's size changes, until a person zooms."""
        self.zoomed = False
        bounds = self.all_bounds()
        if bounds is not None:
            self.box.setRange(roomy(bounds), padding=0)

    def refit(self) -> None:
        """Show everything, unless a person has zoomed."""
        if not self.zoomed:
            self.fit()

    def _item_bounds(self) -> QRectF | None:
        """Return the rectangle around what the items show."""
        x, y = self.box.childrenBounds()
        return None if x is None or y is None else QRectF(QPointF(x[0], y[0]), QPointF(x[1], y[1]))

    def frame(self) -> None:
        """Show the selection as large as it fits."""
        bounds = self.selection_bounds()
        if bounds is not None:
            self.zoomed = True
            wide = max(bounds.width(), self.seen.width() * 1e-3)
            high = max(bounds.height(), self.seen.height() * 1e-3)
            place = QRectF(0, 0, wide, high)
            place.moveCenter(bounds.center())
            self.box.setRange(place, padding=0.15)

    def cancel(self) -> None:
        """Cancel the gesture that is under way; without one, clear the selection."""
        if not self.box.cancel():
            self.cleared.emit()

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if not self._take(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat() and self._borrowed:
            self.set_tool(self._borrowed)
            self._borrowed = None
        super().keyReleaseEvent(event)

    def _take(self, event: QKeyEvent) -> bool:
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        match event.key():
            case Qt.Key.Key_Escape:
                self.cancel()
            case Qt.Key.Key_Space if not control:
                if not event.isAutoRepeat():
                    self._borrowed = self.tool
                    self.set_tool("hand")
            case Qt.Key.Key_F if not control:
                self.frame()
            case Qt.Key.Key_0 if control:
                self.fit()
            case key if key in _TOOL_KEYS and not control:
                self.set_tool(_TOOL_KEYS[key])
            case _:
                return False
        event.accept()
        return True

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        super().leaveEvent(event)
        if self._borrowed:
            self.set_tool(self._borrowed)
            self._borrowed = None


class _Box(pg.ViewBox):  # type: ignore[misc]
    """The plane inside the axes, which turns mouse events into gestures."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(enableMenu=False)
        self._plot = plot
        self._corners: list[tuple[float, float]] = []
        self._cancelled = False
        self._outline = QGraphicsPathItem()
        self._outline.setZValue(1e6)
        self.addItem(self._outline, ignoreBounds=True)
        self.restyle()

    def restyle(self) -> None:
        colour = QColor(look.theme.accent)
        self._outline.setPen(pg.mkPen(colour, width=1.5))
        colour.setAlpha(28)
        self._outline.setBrush(colour)

    def cancel(self) -> bool:
        """Drop the brush that is being drawn; return whether there was one."""
        drawing = bool(self._corners)
        self._cancelled = drawing
        self._end()
        return drawing

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:  # noqa: N802 - pyqtgraph's name
        if event.button() == Qt.MouseButton.MiddleButton or self._hand(event):
            event.accept()
            self._pan(event)
        elif event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            self._brush(event)
        else:
            event.ignore()

    def mouseClickEvent(self, event: Any) -> None:  # noqa: N802
        if event.button() != Qt.MouseButton.LeftButton:
            return
        event.accept()
        place = self.mapSceneToView(event.scenePos())
        if not event.double():
            self._plot.clicked.emit(place.x(), place.y(), event.modifiers())
        elif not self._plot.occupied(place.x(), place.y()):
            self._plot.cleared.emit()

    def _hand(self, event: Any) -> bool:
        return event.button() == Qt.MouseButton.LeftButton and self._plot.tool == "hand"

    def wheelEvent(self, event: Any, axis: int | None = None) -> None:  # noqa: N802
        self._plot.zoomed = True
        super().wheelEvent(event, axis)

    def _pan(self, event: Any) -> None:
        self._plot.zoomed = True
        before, now = (self.mapSceneToView(p) for p in (event.lastScenePos(), event.scenePos()))
        self.translateBy(x=before.x() - now.x(), y=before.y() - now.y())

    def _brush(self, event: Any) -> None:
        if event.isStart():
            self._cancelled = False
            self._corners = [self._place(event.buttonDownScenePos())]
        if not self._corners or self._cancelled:
            return
        self._reach(event)
        if event.isFinish():
            polygon, modifiers = self._polygon(), event.modifiers()
            self._end()
            if len(polygon) >= 3:
                self._plot.brushed.emit(polygon, mode_of(modifiers))
        else:
            self._show()

    def _reach(self, event: Any) -> None:
        place = self._place(event.scenePos())
        if self._plot.tool == "rectangle":
            self._corners[1:] = [place]
        elif event.isFinish() or self._far(place):
            self._corners.append(place)

    def _far(self, place: tuple[float, float]) -> bool:
        width, height = self.viewPixelSize()
        dx, dy = (place[0] - self._corners[-1][0]) / width, (place[1] - self._corners[-1][1]) / height
        return bool(dx * dx + dy * dy >= _STEP_PX**2)

    def _place(self, scene: QPointF) -> tuple[float, float]:
        place = self.mapSceneToView(scene)
        return place.x(), place.y()

    def _polygon(self) -> NDArray[np.float64]:
        corners = self._corners
        if self._plot.tool == "rectangle" and len(corners) == 2:
            (x0, y0), (x1, y1) = corners
            corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        return np.array(corners, dtype=np.float64).reshape(-1, 2)

    def _show(self) -> None:
        path = QPainterPath()
        for number, (x, y) in enumerate(self._polygon()):
            if number:
                path.lineTo(x, y)
            else:
                path.moveTo(x, y)
        path.closeSubpath()
        self._outline.setPath(path)

    def _end(self) -> None:
        self._corners = []
        self._outline.setPath(QPainterPath())


def roomy(bounds: QRectF) -> QRectF:
    """Return a rectangle with air around it; one without an extent gets some."""
    wide, high = (_extent(*ends) for ends in ((bounds.left(), bounds.right()), (bounds.top(), bounds.bottom())))
    place = QRectF(0, 0, wide * (1 + 2 * _AIR), high * (1 + 2 * _AIR))
    place.moveCenter(bounds.center())
    return place


def _extent(low: float, high: float) -> float:
    return high - low if high > low else 0.1 * abs(low) or 1.0
