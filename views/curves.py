"""Curves that fits expect, with their bands: found for two axes, drawn on a plot and for print."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from ..analysis.sets.kept import KeptFit
from .parts import shortened
from .plot import Plot

_DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
_SIGNS = ("━", "╍", "┅", "╌")
_PRINTED = ("-", "--", ":", "-.")
_WIDTH, _BAND_ALPHA = 2, 36
_NEAR_PX = 8.0
LONGEST = 40  # characters of a name in a legend


@dataclass(frozen=True)
class Curve:
    """What a fit expects of y along x.

    Attributes
    ----------
    title : str
        For the legend: the fit and, where there are several, the group.
    group : str
        The models that it was fitted to.
    words : str
        What it says, one line a sentence.
    x, y, low, high : tuple of float, each (places,)
        Places by x, what is expected there, and the bounds of its 95 % band.
    """

    title: str
    group: str
    words: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def curves_of(fits: Iterable[KeptFit], x: str, y: str) -> tuple[Curve, ...]:
    """Return the curves of the fits of these two quantities."""
    return tuple(
        Curve(
            title=f"{fit.spec.name}: {curve.group}" if curve.group else fit.spec.name,
            group=curve.group,
            words="\n".join((fit.spec.name, f"{curve.group}: {curve.words}" if curve.group else curve.words))
            + "".join(f"\n{remark}" for remark in fit.result.remarks if curve.group in remark),
            x=curve.x,
            y=curve.y,
            low=curve.low,
            high=curve.high,
        )
        for fit in fits
        if (fit.spec.x, fit.spec.y) == (x, y)
        for curve in fit.result.curves
    )


def curve_at(
    curves: Iterable[Curve], place: tuple[float, float], pixel: tuple[float, float], near: float = _NEAR_PX
) -> Curve | None:
    """Return the curve that passes nearest to a place, if that is near.

    Parameters
    ----------
    curves : iterable of Curve
        Those that are drawn.
    place, pixel : (float, float)
        A place, and a pixel's width and height, in data coordinates.
    near : float
        How many pixels count as near.
    """
    distances = {curve: _distance(curve, place, pixel) for curve in curves}
    nearest = min(distances, key=lambda curve: distances[curve], default=None)
    return nearest if nearest and distances[nearest] <= near else None


def _distance(curve: Curve, place: tuple[float, float], pixel: tuple[float, float]) -> float:
    """Return how many pixels a curve's straight pieces pass a place by."""
    corners = (np.array([curve.x, curve.y]).T - place) / pixel
    start, piece = corners[:-1], np.diff(corners, axis=0)
    along = -(start * piece).sum(1) / np.maximum((piece**2).sum(1), 1e-12)
    nearest = start + np.clip(along, 0, 1)[:, None] * piece
    return float(np.hypot(*nearest.T).min())


def draw_curve(axes: Any, curve: Curve, number: int, colour: str) -> None:
    """Draw a curve with its band for print; its number chooses the dashes."""
    axes.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.12, linewidth=0)
    axes.plot(curve.x, curve.y, _PRINTED[number % len(_PRINTED)], color=colour, linewidth=1, label=curve.title)


def legend_of(curve: Curve, number: int, colour: str) -> str:
    """Return a curve's entry of a legend, as rich text."""
    sign = _SIGNS[number % len(_SIGNS)]
    title = escape(shortened(curve.title, LONGEST)).replace(" ", "&nbsp;")
    return f'<span style="color:{colour}">{sign}</span>&nbsp;{title}'


class CurveLayer:
    """The curves on a plot, under its points; they do not widen what is seen."""

    def __init__(self, plot: Plot) -> None:
        self._plot = plot
        self.items: list[Any] = []

    def show(self, curves: Sequence[tuple[Curve, str]]) -> None:
        """Draw curves, each in its colour."""
        for item in self.items:
            self._plot.removeItem(item)
        self.items = [item for n, (curve, colour) in enumerate(curves) for item in _drawn(curve, n, colour)]
        for item in self.items:
            item.setZValue(-1)
            self._plot.addItem(item, ignoreBounds=True)


def _drawn(curve: Curve, number: int, colour: str) -> tuple[Any, ...]:
    tint = pg.mkColor(colour)
    tint.setAlpha(_BAND_ALPHA)
    low, high = (pg.PlotCurveItem(np.array(curve.x), np.array(bound), pen=None) for bound in (curve.low, curve.high))
    pen = pg.mkPen(colour, width=_WIDTH, style=_DASHES[number % len(_DASHES)])
    line = pg.PlotCurveItem(np.array(curve.x), np.array(curve.y), pen=pen, antialias=True)
    return low, high, pg.FillBetweenItem(low, high, brush=tint), line
