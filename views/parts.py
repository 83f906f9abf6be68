"""Small parts that widgets are put together from."""

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QSpinBox, QVBoxLayout, QWidget

from .theme import TIGHT

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


def scrolled(content: QWidget, parent: QWidget) -> QScrollArea:
    """Return an area that scrolls a widget up and down, on the ground of what it lies on."""
    area = QScrollArea(parent, widgetResizable=True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.viewport().setAutoFillBackground(False)
    area.setWidget(content)
    content.setAutoFillBackground(False)
    return area


def count_box(parent: QWidget, least: int, most: int, *, suffix: str = "", instead_of_least: str = "") -> QSpinBox:
    """Return a box for a whole number, typed or turned by the wheel; its least value may be shown as a text."""
    box = QSpinBox(parent, minimum=least, maximum=most, suffix=suffix)
    box.setSpecialValueText(instead_of_least)
    box.setGroupSeparatorShown(True)
    box.lineEdit().setTextMargins(TIGHT + 1, 0, 0, 0)  # a style sheet does not reach it
    return box
