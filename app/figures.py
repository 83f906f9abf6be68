"""Figures without a window."""

import time
from pathlib import Path

from ..analysis.catalogue import unknown
from ..analysis.errors import UserError
from ..analysis.session import Session
from ..analysis.workspace import Workspace
from ..views.figure import FORMATS, save_figure
from ..views.panel import ViewInfo, load_views
from . import runtime

_PATIENCE = 600.0
_QUIET = 0.3


def write_figure(workspace: Path, view: str, output: Path) -> None:
    """Draw one view of a workspace into a file.

    Raises
    ------
    UserError
        If there is no such view or format, or the view has nothing to draw yet.
    """
    if output.suffix.lstrip(".").lower() not in FORMATS:
        raise UserError(f"Figures are not written as '{output.suffix}'.", f"Use one of: {', '.join(FORMATS)}.")
    views = {info.id: info for info in load_views() if info.draw}
    if view not in views:
        raise unknown("view to draw called", view, list(views))
    space = open_for_reading(workspace)
    opened = runtime.open_runtime(space, desk=False)
    try:
        draw_view(opened.session, views[view], output)
    finally:
        opened.close()


def open_for_reading(path: Path) -> Workspace:
    """Open a workspace for writing if nobody else does, so that missing layouts can be computed."""
    try:
        return Workspace.open(path)
    except UserError:
        return Workspace.open(path, read_only=True)


def draw_view(session: Session, view: ViewInfo, output: Path) -> None:
    """Resolve a view's state, waiting for what it needs, and draw it."""
    session.refresh()
    state = _settled(session, view)
    if state is None:
        error = session.error("layouts") or session.error("column")
        raise error or UserError(f"The view '{view.id}' has nothing to draw yet.", "Run a recipe in this workspace.")
    save_figure(view, state, output)


def _settled(session: Session, view: ViewInfo) -> object | None:
    deadline = time.monotonic() + _PATIENCE
    state = view.resolve(session)
    while time.monotonic() < deadline:
        time.sleep(_QUIET if session.idle() else 0.05)
        if session.idle():
            state = view.resolve(session)
            if session.idle():
                break
    return state
