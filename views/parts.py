"""Small parts that widgets are put together from."""

from typing import TypeVar

from PySide6.QtWidgets import QVBoxLayout, QWidget

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
