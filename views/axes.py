"""Axes whose numbers are written out: whole ones as whole numbers, none with an exponent that digits could spare."""

import math
from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtGui import QFontMetrics

from .table import digits

_GAP_PX = 6


class NumberAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis of numbers.

    `whole` says that there is nothing between whole numbers, as of a count: no tick stands there.
    """

    whole = False

    def tickSpacing(self, least: float, greatest: float, size: float) -> list[tuple[float, float]]:  # noqa: N802
        """Return the steps of the ticks with their offsets, the largest first: pyqtgraph's where they have room."""
        room = max(self._least_step(least, greatest, size), 1.0 if self.whole else 0.0)
        found = [(step, offset) for step, offset in super().tickSpacing(least, greatest, size) if step >= room]
        return found or [(_round_step(room), 0.0)]

    def _least_step(self, least: float, greatest: float, size: float) -> float:
        """Return the step below which numbers beside each other would overlap."""
        extent = abs(greatest - least)
        if self.orientation == "left" or not extent > 0:
            return 0.0
        step = 10.0 ** math.floor(math.log10(extent / 5))
        widest = max(map(self._width, self.tickStrings((least, greatest), 1.0, step)))
        return extent * (widest + _GAP_PX) / size

    def _width(self, text: str) -> int:
        return QFontMetrics(self.style["tickFont"] or self.font()).horizontalAdvance(text)

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        """Return each tick as digits, with as many places as the step needs."""
        step = spacing * scale
        places = max(0, math.ceil(-math.log10(step))) if step > 0 else 0
        return [_written(value * scale, places) for value in values]


def _written(value: float, places: int) -> str:
    if places > 4 or abs(value) >= 1e15:
        return f"{value:g}"
    return digits(value, places)


def number_axes() -> dict[str, Any]:
    """Return the axes of a plot, by side."""
    return {side: NumberAxis(side) for side in ("left", "bottom")}


def _round_step(least: float) -> float:
    """Return the least of 1, 2 and 5 times a power of ten that is not below a number."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)
