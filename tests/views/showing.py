"""Showing a view on a session, and waiting until it stands still."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from graftwork.analysis.session import Session
from graftwork.views.panel import Panel, load_views

Shown = TypeVar("Shown", bound=Panel[Any])
VIEWS = load_views()


def show(qtbot: QtBot, kind: type[Shown], session: Session) -> Shown:
    """Return a shown view, once everything that it loads is there."""
    panel = kind()
    qtbot.addWidget(panel)
    panel.resize(640, 480)
    panel.show()
    panel.bind(session)
    rest(qtbot, session)
    return panel


def rest(qtbot: QtBot, session: Session) -> None:
    """Wait until nothing is loaded, written or redrawn any more."""
    session.write(lambda _: None).result()
    for _ in range(3):
        qtbot.wait(5)
        qtbot.waitUntil(session.idle)
    qtbot.wait(5)


def around(points: NDArray[Any]) -> NDArray[np.float64]:
    """Return the corners of a rectangle around points (n, 2)."""
    (x0, y0), (x1, y1) = points.min(axis=0) - 1e-3, points.max(axis=0) + 1e-3
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float64)


def mask_of(count: int, size: int = 100) -> NDArray[np.bool_]:
    """Return a selection of the first samples."""
    return np.arange(size) < count
