"""Clouds: up to a million points drawn as one image, so that a brush or a pan costs milliseconds."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from .theme import CLASS_HUES, look, rgb

Mask = NDArray[np.bool_]
_CHUNK = 1 << 17  # points that one thread places at a time
_PLAIN = len(CLASS_HUES) + 1
_FADED = _PLAIN + 1
_CODES = 16
_MOST = 0xFFFF // _CODES


class Cloud(pg.GraphicsObject):  # type: ignore[misc]
    """Points in a plane as an item of a `Plot`.

    Each pixel shows the class that most of its points belong to. While some points are selected, the others stay in
    grey beneath them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._points = np.empty((2, 0))
        self._codes = np.empty(0, dtype=np.uint8)
        self._order = np.empty(0, dtype=np.intp)
        self._mask: Mask | None = None
        self._grid: tuple[Any, ...] = ()
        self._pixels = np.empty(0, dtype=np.intp)
        self._ground: NDArray[np.uint16] | None = None
        self._image: QImage | None = None
        self._bytes = np.empty(0, dtype=np.uint32)  # the image borrows its memory
        self._sorted = self._points

    # What is shown

    def set_points(self, points: NDArray[Any], classes: NDArray[Any] | None = None) -> None:
        """Show points (n, 2), coloured by class (n,); a class below zero or past the eighth is drawn plain.

        A point with a coordinate that is no number is not drawn. The selection is forgotten.
        """
        self._points = np.ascontiguousarray(np.asarray(points, dtype=np.float64).reshape(-1, 2).T)
        self._points[:, ~np.isfinite(self._points).all(axis=0)] = np.inf
        self._mask = None
        self.set_classes(classes)
        self.informViewBoundsChanged()

    def set_classes(self, classes: NDArray[Any] | None) -> None:
        """Colour by other classes (n,), or by none."""
        codes = np.full(self._points.shape[1], _PLAIN, dtype=np.uint8)
        if classes is not None:
            known = (np.asarray(classes) >= 0) & (np.asarray(classes) < len(CLASS_HUES))
            codes[known] = np.asarray(classes)[known] + 1
        self._order = np.argsort(codes, kind="stable")
        self._codes = codes[self._order]
        self._sorted = self._points[:, self._order]
        self._grid = ()
        self._redraw()

    def set_mask(self, mask: Mask | None) -> None:
        """Select the points where ``mask`` (n,) is true; None or all false selects none."""
        changed_ground = (self._mask is None) != (mask is None or not mask.any())
        self._mask = mask if mask is not None and mask.any() else None
        if changed_ground:
            self._ground = None
        self._redraw()

    def restyle(self) -> None:
        """Take over the theme's colours."""
        self._redraw()

    # What it knows

    def counts(self) -> NDArray[np.int64]:
        """Return the points in each pixel of the present view, (height, width), the lowest row first."""
        width, height = self._project()
        return _inner(np.bincount(self._pixels, minlength=(width + 2) * (height + 2)), width, height)

    def within(self, polygon: NDArray[np.float64]) -> Mask:
        """Return which points (n,) lie in a polygon (k, 2)."""
        return inside(self._points.T, polygon)

    def bounds(self, *, selected: bool = False) -> QRectF | None:
        """Return the rectangle around all points, or around the selected ones; None where there are none."""
        chosen = self._points[:, self._mask] if selected and self._mask is not None else self._points
        finite = chosen[:, np.isfinite(chosen[0])]
        if not finite.size or (selected and self._mask is None):
            return None
        (x0, y0), (x1, y1) = finite.min(axis=1), finite.max(axis=1)
        return QRectF(QPointF(x0, y0), QPointF(x1, y1))

    def nearest(self, x: float, y: float, reach_px: float = 6.0) -> int | None:
        """Return the point next to a place in data coordinates, if one lies within reach."""
        if not self._points.size:
            return None
        px, py = self.pixelVectors()
        scale = np.array([[px.x() if px else 1.0], [py.y() if py else 1.0]])
        away = (((self._points - [[x], [y]]) / scale) ** 2).sum(axis=0)
        best = int(away.argmin())
        return best if away[best] <= reach_px**2 else None

    def mark_px(self) -> int:
        """Return a point's size in pixels: smaller the more there are."""
        count = self._points.shape[1]
        return 5 if count <= 2_000 else 4 if count <= 10_000 else 3 if count <= 50_000 else 2

    # How it is drawn

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        return self._view()[0]

    def dataBounds(self, axis: int, frac: float = 1.0, orthoRange: Any = None) -> tuple[Any, Any]:  # noqa: N802
        rect = self.bounds()
        if rect is None:
            return None, None
        return (rect.left(), rect.right()) if axis == 0 else (rect.top(), rect.bottom())

    def pixelPadding(self) -> float:  # noqa: N802
        return 4.0

    def viewTransformChanged(self) -> None:  # noqa: N802
        self.prepareGeometryChange()
        self._redraw()

    def paint(self, painter: Any, *_: Any) -> None:
        if not self._points.size:
            return
        if self._image is None:
            self._compose()
        corner = painter.transform().mapRect(self._view()[0]).topLeft()
        painter.save()
        painter.resetTransform()
        painter.drawImage(QPointF(round(corner.x()), round(corner.y())), self._image)
        painter.restore()

    def _redraw(self) -> None:
        self._image = None
        self.update()

    def _view(self) -> tuple[QRectF, int, int, float]:
        """Return the view's range, its width and height in device pixels, and device pixels per pixel."""
        box = self.getViewBox()
        ratio = 1.0
        if self.scene() is not None and self.scene().views():
            ratio = self.scene().views()[0].devicePixelRatioF()
        size = box.boundingRect() if box is not None else QRectF(0, 0, 1, 1)
        width, height = (max(1, round(side * ratio)) for side in (size.width(), size.height()))
        rect = QRectF(box.viewRect()) if box is not None else QRectF(0, 0, 1, 1)
        return rect, width, height, ratio

    def _project(self) -> tuple[int, int]:
        """Find every point's pixel where the view has moved; return the view's width and height in pixels."""
        rect, width, height, _ = self._view()
        grid = (rect.getRect(), width, height)
        if grid != self._grid:
            self._pixels = _pixels(self._sorted, rect, width, height)
            self._grid, self._ground = grid, None
        return width, height

    def _compose(self) -> None:
        width, height = self._project()
        if self._ground is None:
            codes = self._codes if self._mask is None else np.full_like(self._codes, _FADED)
            self._ground = self._raster(self._pixels, codes, width, height)
        marks = self._ground
        if self._mask is not None:
            chosen = np.flatnonzero(self._mask[self._order])
            above = self._raster(self._pixels[chosen], self._codes[chosen], width, height)
            marks = np.where(above >= _CODES, above, marks)
        self._bytes = _lookup(look.theme.mark, look.theme.faded)[marks[::-1]]
        self._image = QImage(self._bytes.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied)
        self._image.setDevicePixelRatio(self._view()[3])

    def _raster(
        self, pixels: NDArray[np.intp], codes: NDArray[np.uint8], width: int, height: int
    ) -> NDArray[np.uint16]:
        """Return each pixel's largest count and its code, packed so that the larger value is the denser mark.

        The codes are sorted, so that each is a slice.
        """
        size = (width + 2) * (height + 2)
        packed = _few(pixels, codes, size) if len(pixels) < size else _many(pixels, codes, size)
        return _grown(_inner(packed, width, height), self.mark_px())


def _few(pixels: NDArray[np.intp], codes: NDArray[np.uint8], size: int) -> NDArray[np.uint16]:
    """Return the packed marks of fewer points than pixels, by sorting the points."""
    packed = np.zeros(size, dtype=np.uint16)
    if not len(pixels):
        return packed
    keys = pixels.astype(np.int32)
    keys *= _CODES
    keys += codes
    keys.sort()
    starts = _changes(keys)
    keys, counts = keys[starts], np.diff(starts, append=len(keys))
    marks = np.minimum(counts, _MOST) * _CODES + keys % _CODES
    places = keys // _CODES
    starts = _changes(places)
    packed[places[starts]] = np.maximum.reduceat(marks, starts)
    return packed


def _many(pixels: NDArray[np.intp], codes: NDArray[np.uint8], size: int) -> NDArray[np.uint16]:
    """Return the packed marks of more points than pixels, by counting each code's."""
    packed = np.zeros(size, dtype=np.intp)
    starts = np.searchsorted(codes, np.arange(_CODES + 1))
    for code in np.flatnonzero(np.diff(starts)):
        counts = np.bincount(pixels[starts[code] : starts[code + 1]], minlength=size)
        counts *= _CODES
        counts += code
        np.maximum(packed, counts, out=packed)
    if packed.max() > _MOST * _CODES:
        packed = np.minimum(packed // _CODES, _MOST) * _CODES + packed % _CODES
    return packed.astype(np.uint16)


def _changes(values: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return where runs of equal values begin."""
    return np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))


@lru_cache(maxsize=4)
def _lookup(mark: str, faded: str) -> NDArray[np.uint32]:
    """Return the premultiplied colour of every packed value, (65536,): denser is more opaque."""
    table = np.zeros((4096, _CODES), dtype=np.uint32)
    alpha = 1.0 - 0.35 * 0.6 ** np.arange(4096)
    for code, colour in enumerate((*CLASS_HUES, mark, faded), start=1):
        red, green, blue = (np.round(part * 255 * alpha).astype(np.uint32) for part in rgb(colour))
        table[:, code] = (np.round(alpha * 255).astype(np.uint32) << 24) | (red << 16) | (green << 8) | blue
    table[0] = 0
    return table.ravel()


def _pixels(points: NDArray[np.float64], rect: QRectF, width: int, height: int) -> NDArray[np.intp]:
    """Return each point's cell in a grid of (height + 2, width + 2); the outer ring takes what lies outside."""
    cells = np.empty(points.shape[1], dtype=np.intp)
    sx, sy = width / (rect.width() or 1.0), height / (rect.height() or 1.0)

    def place(start: int) -> None:
        x, y = points[:, start : start + _CHUNK]
        row = _cell(y, rect.top(), sy, height)
        row *= width + 2
        np.add(row, _cell(x, rect.left(), sx, width), out=cells[start : start + _CHUNK])

    starts = range(0, points.shape[1], _CHUNK)
    if len(starts) <= 2:
        for start in starts:
            place(start)
    else:
        list(_threads().map(place, starts))
    return cells


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(4, "graftwork cloud")


def _cell(values: NDArray[np.float64], start: float, scale: float, cells: int) -> NDArray[np.intp]:
    """Return cells along one axis: 1 to ``cells`` inside, 0 and ``cells + 1`` outside."""
    places = values - start
    places *= scale
    places += 1.0
    np.clip(places, 0.0, cells + 1.0, out=places)
    return places.astype(np.intp)


def _inner(grid: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    return grid.reshape(height + 2, width + 2)[1:-1, 1:-1]


def _grown(marks: NDArray[np.uint16], size: int) -> NDArray[np.uint16]:
    """Return the marks with each grown to a disc of that many pixels; the denser one wins where they meet."""
    low, high = -((size - 1) // 2), size // 2
    height, width = marks.shape
    grown = marks.copy()
    centre, reach = (low + high) / 2, (size / 2) ** 2 + 0.1
    for dy in range(low, high + 1):
        for dx in range(low, high + 1):
            if (dx or dy) and (dx - centre) ** 2 + (dy - centre) ** 2 <= reach:
                into = grown[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)]
                source = marks[max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)]
                np.maximum(into, source, out=into)
    return grown


def inside(points: NDArray[Any], polygon: NDArray[Any]) -> Mask:
    """Return which points (n, 2) lie in a polygon (k, 2), by the even-odd rule.

    An edge is compared only with the points at its own height, so the cost hardly grows with the edges.
    """
    x, y = np.asarray(points, dtype=np.float64).T
    mask = np.zeros(len(x), dtype=bool)
    if len(polygon) < 3:
        return mask
    (x0, y0), (x1, y1) = polygon.min(axis=0), polygon.max(axis=0)
    near = np.flatnonzero((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1))
    near = near[np.argsort(y[near])]
    px, py = x[near], y[near]
    hit = np.zeros(len(near), dtype=bool)
    for (ax, ay), (bx, by) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        low, high = np.searchsorted(py, (min(ay, by), max(ay, by)))
        level = slice(low, high)
        hit[level] ^= px[level] < (bx - ax) * (py[level] - ay) / ((by - ay) or 1.0) + ax
    mask[near] = hit
    return mask
