"""Figures without a window."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..analysis.errors import UserError, unknown
from ..analysis.session import Session
from ..analysis.workspace import Workspace
from ..views.figure import FORMATS, settled
from ..views.panel import ViewInfo, load_views
from . import runtime


def drawn_views() -> dict[str, ViewInfo]:
    """Return the views that have a figure, by id."""
    return {view.id: view for view in load_views() if view.draw}


def write_figure(workspace: Path, view: str, output: Path, options: Iterable[tuple[str, str]] = ()) -> None:
    """Draw one view of a workspace into a file, with options of the session as (name, value).

    Raises
    ------
    UserError
        If there is no such view or format, or the view has nothing to draw yet.
    """
    if output.suffix.lstrip(".").lower() not in FORMATS:
        raise UserError(f"Figures are not written as '{output.suffix}'.", f"Use one of: {', '.join(FORMATS)}.")
    views = drawn_views()
    if view not in views:
        raise unknown("view to draw called", view, list(views))
    with drawing(workspace) as session:
        for name, value in options:
            session.set_option(name, value)
        draw_view(session, views[view], output)


@contextmanager
def drawing(workspace: Path | str) -> Iterator[Session]:
    """Open a workspace to draw its views, and close it afterwards.

    Raises
    ------
    UserError
        If there is no workspace.
    """
    opened = runtime.open_runtime(_open(Path(workspace)), desk=False)
    try:
        opened.session.catalogue = runtime.catalogue_of(opened)
        opened.session.refresh()
        yield opened.session
    finally:
        opened.close()


def draw_view(session: Session, view: ViewInfo, output: Path) -> None:
    """Resolve a view's state, waiting for what it needs, and draw it."""
    view.save_figure(settled(view.resolve, session), output)


def _open(path: Path) -> Workspace:
    """Open a workspace for writing if nobody else does, so that missing layouts can be computed."""
    space = Workspace.open(path, read_only=True)
    try:
        return Workspace.open(path)
    except UserError:
        return space
