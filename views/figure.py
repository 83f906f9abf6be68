"""Figures for print: drawn anew from a view's state, with no screen."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis.errors import UserError
from .notice import Notice
from .output import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analysis.session import Session

Range = tuple[float, float, float, float]
"""What is seen of a plane: left, right, bottom, top, in data coordinates."""

FORMATS = ("svg", "pdf", "png")
NARROW_MM, WIDE_MM = 90.0, 180.0

_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": "#62666d",
    "axes.labelcolor": "#1f2226",
    "xtick.color": "#62666d",
    "ytick.color": "#62666d",
    "xtick.labelcolor": "#1f2226",
    "ytick.labelcolor": "#1f2226",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.formatter.limits": (-4, 15),
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#ebebe9",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.0,
    "lines.markersize": 4,
    "svg.fonttype": "none",
    "svg.hashsalt": "graftwork",
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
}
_style_lock = threading.Lock()  # matplotlib's settings are the process's


def render(
    draw: Callable[["Figure", Any], None],
    state: Any,
    path: Path | str,
    *,
    width_mm: float = NARROW_MM,
    height_mm: float | None = None,
    seen: Sequence[Range | None] = (),
) -> Path:
    """Draw a state into a file, whole or not at all; works on any thread and without a display.

    Parameters
    ----------
    draw : callable
        A view's ``draw(figure, state)``.
    path : path
        Ends in .svg, .pdf or .png.
    width_mm, height_mm : float
        Size in millimetres; the height is three quarters of the width unless given.
    seen : sequence of range or None
        What each of its axes shows, in their order; all there is unless given.

    Raises
    ------
    UserError
        If the ending is none of these, or the file cannot be written.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise UserError(f"A figure cannot be written as '{path.name}'.", "End its name in .svg, .pdf or .png.")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from .ticks import write_out

    style: Any = _STYLE
    size = (width_mm / 25.4, (height_mm or width_mm * 0.75) / 25.4)
    with _style_lock, mpl.rc_context(style), whole_file(path) as partial:
        figure = Figure(figsize=size, layout="constrained")
        draw(figure, state)
        for axes in figure.axes:
            write_out(axes.xaxis)
            write_out(axes.yaxis)
        for axes, part in zip(figure.axes, seen, strict=False):
            if part:
                axes.set(xlim=part[:2], ylim=part[2:])
        figure.savefig(partial, format=kind, metadata=_metadata(kind))
    return path


def _metadata(kind: str) -> dict[str, Any]:
    """Return what a file says of itself; without the date, so that equal figures are equal files."""
    known: dict[str, dict[str, Any]] = {
        "svg": {"Creator": "Graftwork", "Date": None},
        "pdf": {"Creator": "Graftwork", "CreationDate": None},
        "png": {"Software": "Graftwork"},
    }
    return known[kind]


def name_data(figure: "Figure", data: str) -> None:
    """Say above a figure which data set it shows."""
    if data:
        figure.suptitle(f"on {data}", x=0.01, ha="left", fontsize=7, color="#62666d")


def settled(resolve: Callable[["Session"], Any], session: "Session", timeout_s: float = 600.0) -> Any:
    """Return a view's state as soon as all that it shows is there; for scripts and the command line.

    Raises
    ------
    UserError
        If there is nothing to show, or something of it cannot be loaded, or is not there in time.
    """
    end = time.monotonic() + timeout_s
    while True:
        misses = session.misses
        state = resolve(session)
        if session.idle() and session.misses == misses:
            return _shown(state, session)
        if time.monotonic() > end:
            raise UserError(f"The view is still being loaded after {timeout_s:g} seconds.", "Try again later.")
        time.sleep(0.02)


def _shown(state: Any, session: "Session") -> Any:
    """Return a state in which nothing is missing."""
    if isinstance(state, Notice):
        raise UserError(state.sentence, state.next_step or "Wait until it is there, then try again.")
    if error := session.error():
        raise error
    return state
