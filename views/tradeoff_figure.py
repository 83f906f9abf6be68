"""The trade-off for print."""

from textwrap import fill
from typing import TYPE_CHECKING, Any

from ..analysis.errors import UserError
from .curves import draw_curve
from .operations import PRINTED, curve_colour, hue, operations, ring
from .points import Point
from .theme import LIGHT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .tradeoff import TradeoffState

_ACROSS, _UPWARD = 48, 36  # letters of a line along each axis
BAND = "range over seeds"
LEARNT = "has learnt from these samples"


def draw(figure: "Figure", state: "TradeoffState") -> None:
    """Draw it for print.

    Raises
    ------
    UserError
        If there is no point.
    """
    if not state.points:
        raise UserError(nothing(state), "Choose other axes.")
    axes: Any = figure.add_subplot()
    for kind, operation in enumerate(operations(state.points)):
        _draw_operation(axes, state, kind, operation)
    if any(point.overlap for point in state.points):
        axes.plot([], [], "o", mfc="white", mec="0.3", mew=0.8, markersize=4, label=LEARNT)
    front = [state.points[i] for i in state.front]
    axes.plot([p.x for p in front], [p.y for p in front], color="0.4", linewidth=0.8, zorder=0, label="front")
    if any(point.variants for point in state.points):
        axes.plot([], [], color="0.5", alpha=0.5, linewidth=4, label=BAND)
    for number, curve in enumerate(state.curves):
        draw_curve(axes, curve, number, curve_colour(state.points, curve.group, LIGHT))
    _name_axes(axes, state)
    axes.legend(frameon=False)


def nothing(state: "TradeoffState") -> str:
    """Return why there is no point."""
    return state.problem or f"No model has both {state.x.title} and {state.y.title}."


def _draw_operation(axes: Any, state: "TradeoffState", kind: int, operation: str) -> None:
    symbol, colour = PRINTED[kind % len(PRINTED)], hue(kind, LIGHT.mark)
    for point in (point for point in state.points if point.operation == operation):
        _draw_bounds(axes, point, colour)
        edge = ring(point, state.selected, {state.primary, state.pinned}, LIGHT)
        size, width = (5.5, 1.2) if edge else (4.0, 0.8 if point.overlap else 0.0)
        inside = "white" if point.overlap else colour
        axes.plot(point.x, point.y, symbol, mfc=inside, markersize=size, mec=edge or colour, mew=width)
    axes.plot([], [], symbol, color=colour, markersize=4, label=operation)


def _draw_bounds(axes: Any, point: Point, colour: str) -> None:
    across = [[point.x - point.x_low], [point.x_high - point.x]]
    upward = [[point.y - point.y_low], [point.y_high - point.y]]
    width, strength = (4, 0.35) if point.variants else (0.7, 1)
    axes.errorbar(point.x, point.y, upward, across, fmt="none", ecolor=colour, elinewidth=width, alpha=strength)


def _name_axes(axes: Any, state: "TradeoffState") -> None:
    """Name the axes, over several lines where they need them; one that counts has no tick between whole numbers."""
    axes.set_xlabel(fill(state.x.label, _ACROSS))
    axes.set_ylabel(fill(state.y.label, _UPWARD))
    axes.xaxis.get_major_locator().set_params(integer=state.x.counts([p.x for p in state.points]))
    axes.yaxis.get_major_locator().set_params(integer=state.y.counts([p.y for p in state.points]))
