"""Where the views stand: columns at the sides, rows of two in the centre, a strip below."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget

from ..views.panel import Panel, ViewInfo

_COLUMNS = 2


def arrange(views: Sequence[ViewInfo], panels: Mapping[str, Panel[Any]]) -> QSplitter:
    """Return all panels in splitters, in the places that their declarations name."""

    def of(area: str) -> list[QWidget]:
        return [panels[view.id] for view in views if view.area == area]

    centre = of("centre")
    rows = [
        _split(Qt.Orientation.Horizontal, centre[start : start + _COLUMNS]) for start in range(0, len(centre), _COLUMNS)
    ]
    middle = _split(Qt.Orientation.Vertical, rows)
    left, right = (_split(Qt.Orientation.Vertical, of(area)) for area in ("left", "right"))
    top = _split(Qt.Orientation.Horizontal, [left, middle, right], (240, 830, 340))
    right.setSizes([560, 200])
    bottom = _split(Qt.Orientation.Horizontal, of("bottom"))
    return _split(Qt.Orientation.Vertical, [top, bottom], (740, 160))


def remembered(root: QSplitter, panels: Mapping[str, Panel[Any]]) -> dict[str, Any]:
    """Return how a person has arranged the views: the splitters' sizes from the outside in, and what is hidden."""
    return {
        "sizes": [splitter.sizes() for splitter in _splitters(root)],
        "hidden": [name for name, panel in panels.items() if panel.isHidden()],
    }


def restore(root: QSplitter, panels: Mapping[str, Panel[Any]], layout: Mapping[str, Any]) -> None:
    """Arrange the views as `remembered` found them; what does not fit this window is left out."""
    for name, panel in panels.items():
        panel.setVisible(name not in layout.get("hidden", []))
    for splitter, sizes in zip(_splitters(root), layout.get("sizes", []), strict=False):
        if len(sizes) == splitter.count():
            splitter.setSizes(sizes)


def _splitters(root: QSplitter) -> list[QSplitter]:
    return [root, *root.findChildren(QSplitter)]


def _split(direction: Qt.Orientation, widgets: Sequence[QWidget], sizes: tuple[int, ...] = ()) -> QSplitter:
    splitter = QSplitter(direction, childrenCollapsible=False, handleWidth=1)
    for widget in widgets:
        splitter.addWidget(widget)
    splitter.setSizes(list(sizes) or [400] * len(widgets))
    return splitter
