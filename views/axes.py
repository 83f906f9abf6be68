"""Axes whose numbers are written out: whole ones as whole numbers, none with an exponent that digits could spare."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg

from .table import digits


class NumberAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis of numbers.

    `whole` says that there is nothing between whole numbers, as of a count: no tick stands there.
    """

    whole = False

    def tickSpacing(self, least: float, greatest: float, size: float) -> list[tuple[float, float]]:  # noqa: N802
        """Return the steps of the ticks with their offsets, pyqtgraph's unless they part whole numbers."""
        found = super().tickSpacing(least, greatest, size)
        return found if not self.whole else [(max(step, 1), offset) for step, offset in found if step >= 1] or [(1, 0)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        """Return each tick as digits, with as many places as the step needs."""
        step = spacing * scale
        places = int(max(0, np.ceil(-np.log10(step)))) if step > 0 else 0
        return [_written(value * scale, places) for value in values]


def _written(value: float, places: int) -> str:
    if places > 4 or abs(value) >= 1e15:
        return f"{value:g}"
    return digits(value, places)


def number_axes() -> dict[str, Any]:
    """Return the axes of a plot, by side."""
    return {side: NumberAxis(side) for side in ("left", "bottom")}
