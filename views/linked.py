"""Planes of one size and one range, beside each other."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from .plot import Plot

_GAP = 1


class SideBySide(QWidget):
    """Gives every visible part the same size, to the pixel, as no layout of Qt's does."""

    def __init__(self, parent: QWidget, parts: Sequence[QWidget]) -> None:
        super().__init__(parent)
        self._parts = tuple(parts)
        for part in parts:
            part.setParent(self)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self.place()

    def place(self) -> None:
        """Share out the room among the parts that are not hidden."""
        there = [part for part in self._parts if not part.isHidden()]
        wide = (self.width() - _GAP * (len(there) - 1)) // max(len(there), 1)
        for number, part in enumerate(there):
            part.setGeometry(QRect(number * (wide + _GAP), 0, wide, self.height()))


class OneRange(QTimer):
    """Lets plots of equal size show one range, whichever a person moves, and keeps it when their size changes."""

    def __init__(self, plots: Sequence[Plot]) -> None:
        super().__init__(plots[0], singleShot=True, interval=0)
        self._plots = tuple(plots)
        self._following = False
        self._kept = QRectF()
        self._sizes: list[tuple[float, float]] = []
        self.timeout.connect(self.settle)
        for plot in plots:
            plot.moved.connect(lambda _, source=plot: self._on_moved(source))
            plot.box.sigResized.connect(lambda *_: self.start())

    def settle(self) -> None:
        """Show the range anew in plots whose size has changed: all there is, or what a person chose."""
        self._sizes = self._present_sizes()
        first = self._plots[0]
        if first.zoomed:
            first.box.setRange(self._kept, padding=0)
        else:
            first.fit()
        self._follow(first)

    def _on_moved(self, source: Plot) -> None:
        if self._following or self._present_sizes() != self._sizes:
            return  # resized, and not by a person: `settle` comes next
        self._follow(source)

    def _follow(self, source: Plot) -> None:
        self._kept, self._following = source.seen, True
        for plot in self._plots:
            if plot is not source:
                plot.zoomed = source.zoomed
                plot.box.setRange(source.seen, padding=0)
        self._following = False

    def _present_sizes(self) -> list[tuple[float, float]]:
        return [(plot.box.width(), plot.box.height()) for plot in self._plots]
