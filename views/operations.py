"""How the models of an operation are marked: its colour and shape, and the ring of what is looked at."""

from collections.abc import Sequence, Set

from .points import Point
from .theme import CLASS_HUES, Theme

SYMBOLS = ("o", "s", "d", "t1", "t", "p", "h", "t2")
PRINTED = ("o", "s", "D", "^", "v", "p", "h", ">")
SIGNS = "●■◆▲▼⬟⬢▶"
"""The same eight shapes for the screen, for print and for a legend; the ninth operation has the first again."""


def operations(points: Sequence[Point]) -> list[str]:
    """Return the operations that made the points, in their order; an operation's place says how it is marked."""
    return list(dict.fromkeys(point.operation for point in points))


def hue(kind: int, mark: str) -> str:
    """Return the colour of the operation at that place; ``mark`` past the last hue."""
    return CLASS_HUES[kind] if kind < len(CLASS_HUES) else mark


def ring(point: Point, selected: Set[str], looked_at: Set[str | None], theme: Theme) -> str:
    """Return the colour of the ring around a point with selected models, or with some that are looked at; or none."""
    if not selected.isdisjoint(point.models):
        return theme.accent
    return theme.text if looked_at & set(point.models) else ""


def curve_colour(points: Sequence[Point], group: str, theme: Theme) -> str:
    """Return the colour of the operation that a curve's models were made by, where one made them all."""
    known = operations(points)
    return hue(known.index(group), theme.mark) if group in known else theme.text
