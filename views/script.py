"""The script that draws a figure again, with what is looked at written out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..analysis.selection import Selection
from .figure import Range

if TYPE_CHECKING:
    from ..analysis.session import Session
    from .panel import ViewInfo

_SCRIPT = """\
from graftwork.analysis.selection import Selection
from graftwork.app.figures import drawing
from graftwork.views.figure import render, settled
from {package} import {module}

if __name__ == "__main__":
    with drawing({workspace!r}) as session:
        session.look(
            "look",
{looked}
        )
        state = settled({module}.resolve, session)
        render({module}.draw, state, "{view}.svg", width_mm={width:g}, seen={seen!r})
"""


def drawing_script(view: "ViewInfo", session: "Session | None", seen: Sequence[Range | None]) -> str:
    """Return Python that draws a view's figure as a session shows it, with the ranges that its axes show."""
    package, module = view.panel.__module__.rsplit(".", 1)
    return _SCRIPT.format(
        package=package,
        module=module,
        workspace=str(session.workspace.path.resolve()) if session else "results.graft",
        looked="\n".join(f"            {name}={value}," for name, value in _looked(session).items()),
        view=view.id,
        width=view.width_mm,
        seen=tuple(seen),
    )


def _looked(session: "Session | None") -> dict[str, str]:
    if session is None:
        return {}
    written = {name: repr(value) for name, value in session.state.seen.items()}
    return written | {"selection": _selection(session.state.selection)}


def _selection(selection: Selection) -> str:
    """Return a selection as Python, its names in an order that does not change."""
    bits = f"bytes.fromhex({selection.bits.hex()!r})" if selection.count else f"bytes({len(selection.bits)})"
    kinds = {name: sorted(getattr(selection, name)) for name in ("classes", "layers", "models")}
    marked = "".join(f", {name}=frozenset({names!r})" for name, names in kinds.items() if names)
    return f"Selection({selection.size}, {bits}{marked})"
