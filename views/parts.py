"""Small parts that widgets are put together from."""

import re
from typing import TypeVar

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QScrollArea,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from .theme import TIGHT
from .tips import as_tip

_TITLE = 32  # pixels that a system may need for a window's title
_LEAST = 40  # pixels that a text is never narrower than
_WIDEST = 480  # pixels that a list of choices is never wider than
_INSET = 4  # pixels beside the text of a box

Part = TypeVar("Part", bound=QWidget)


def named(widget: Part, name: str) -> Part:
    """Return the widget, under the name by which the style sheet knows it."""
    widget.setObjectName(name)
    return widget


def column(parent: QWidget, *, spacing: int = 0, margin: int = 0) -> QVBoxLayout:
    """Return a layout of a widget's children below one another."""
    layout = QVBoxLayout(parent)
    layout.setSpacing(spacing)
    layout.setContentsMargins(margin, margin, margin, margin)
    return layout


def told(widget: Part, tip: str, name: str = "") -> Part:
    """Return the widget, with a tooltip, and the name that a screen reader says: the tip's unless given."""
    widget.setToolTip(tip)
    widget.setAccessibleName(name or tip)
    return widget


def shortened(text: str, longest: int) -> str:
    """Return a text of at most so many characters: a longer one lacks its middle."""
    half = (longest - 1) // 2
    return text if len(text) <= longest else f"{text[: longest - 1 - half]}…{text[-half:]}"


class _Fitted(QLabel):
    """Plain text in as much room as there is; the tooltip tells what has none, and `whole` is all of it."""

    def __init__(self, parent: QWidget | None = None, *, wrapped: bool) -> None:
        super().__init__(parent, wordWrap=wrapped, textFormat=Qt.TextFormat.PlainText)
        self.whole = ""
        self._tip = ""

    def setText(self, text: str) -> None:  # noqa: N802 - Qt's name
        """Show another text."""
        self.whole = text
        self._settle()

    def setToolTip(self, tip: str) -> None:  # noqa: N802
        """Say this where the whole text is seen."""
        self._tip = tip
        self._settle()

    def clear(self) -> None:
        """Show nothing."""
        self.setText("")

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return room for a few letters."""
        return QSize(min(_LEAST, self.sizeHint().width()), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._settle()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._settle()

    def _settle(self) -> None:
        super().setText(self._fitting(max(self.contentsRect().width(), _LEAST)))
        super().setToolTip(self._tip if self.text() == self.whole else as_tip(self.whole))

    def _fitting(self, room: int) -> str:
        raise NotImplementedError

    def _elided(self, text: str, room: int) -> str:
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, room)


class Line(_Fitted):
    """One line; where it is too long, its middle is left out."""

    def __init__(self, parent: QWidget | None = None, text: str = "") -> None:
        super().__init__(parent, wrapped=False)
        self.setText(text)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return room for the whole text."""
        margins = self.contentsMargins()
        wide = self.fontMetrics().horizontalAdvance(self.whole) + 1 + margins.left() + margins.right()  # it is rounded
        return QSize(wide, super().sizeHint().height())

    def _fitting(self, room: int) -> str:
        return self._elided(self.whole, room)


class Sentence(_Fitted):
    """Text over several lines; of a word that is longer than a line, the middle is left out."""

    def __init__(self, parent: QWidget | None = None, text: str = "") -> None:
        super().__init__(parent, wrapped=True)
        self.setText(text)

    def _fitting(self, room: int) -> str:
        return re.sub(r"\S+", lambda word: self._elided(word[0], room), self.whole)


def sized(window: Part, width: int, height: int) -> Part:
    """Return a window of that size, or of its screen's where that is smaller."""
    room = window.screen().availableGeometry()
    window.resize(min(width, room.width()), min(height, room.height() - _TITLE))
    return window


def scrolled(content: QWidget, parent: QWidget, *, sideways: bool = False) -> QScrollArea:
    """Return an area that scrolls a widget up and down, perhaps sideways too, on the ground of what it lies on."""
    area = QScrollArea(parent, widgetResizable=True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    if not sideways:
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.viewport().setAutoFillBackground(False)
    area.setWidget(content)
    content.setAutoFillBackground(False)
    return area


class _ChoiceBox(QComboBox):
    """A box of choices; of one that is too long, the middle is left out."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        option, painter = QStyleOptionComboBox(), QStylePainter(self)
        self.initStyleOption(option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width() - 2 * _INSET
        option.currentText = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideMiddle, room)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


def choice_box(parent: QWidget, letters: int = 18) -> QComboBox:
    """Return a box of choices that shows so many letters of one, and less where there is no room."""
    box = _ChoiceBox(parent)
    box.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)
    popup = box.view().parentWidget()
    assert popup is not None, "the list lies in the popup"
    popup.setMaximumWidth(_WIDEST)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(letters)
    box.setMinimumWidth(_LEAST)
    return box


def count_box(parent: QWidget, least: int, most: int, *, suffix: str = "", instead_of_least: str = "") -> QSpinBox:
    """Return a box for a whole number, typed or turned by the wheel; its least value may be shown as a text."""
    box = QSpinBox(parent, minimum=least, maximum=most, suffix=suffix)
    box.setSpecialValueText(instead_of_least)
    box.setGroupSeparatorShown(True)
    box.lineEdit().setTextMargins(TIGHT + 1, 0, 0, 0)  # a style sheet does not reach it
    return box
