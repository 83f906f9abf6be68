"""Clouds: up to a million points drawn as one image, so that a brush or a pan costs milliseconds."""

from functools import lru_cache
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from ..kernels import raster
from ..kernels.lasso import points_in_lasso
from .theme import CLASS_HUES, look, rgb

Mask = NDArray[np.bool_]
_PLAIN = len(CLASS_HUES) + 1
_FADED = _PLAIN + 1
_FEW = 8  # among so many are too few for a look at every point


class Cloud(pg.GraphicsObject):  # type: ignore[misc]
    """Points in a plane as an item of a `Plot`.

    Each pixel shows the class that most of its points belong to. While some points are selected, the others stay in
    grey beneath them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._points = np.empty((0, 2))
        self._order = np.empty(0, dtype=np.intp)  # by colour
        self._rank = self._order  # where each point stands in that order
        self._sorted = self._points
        self._codes = np.empty(0, dtype=np.uint8)
        self._mask: Mask | None = None
        self._frame: raster.Frame | None = None
        self._pixels = np.empty(0, dtype=np.intp)
        self._ground: NDArray[np.uint16] | None = None
        self._image: QImage | None = None
        self._bytes = np.empty(0, dtype=np.uint32)  # the image borrows its memory

    # What is shown

    def set_points(self, points: NDArray[Any], classes: NDArray[Any] | None = None) -> None:
        """Show points (n, 2), each in the hue of that index (n,); one below zero or past the eighth is drawn plain.

        A point with a coordinate that is no number is not drawn. The selection is forgotten.
        """
        self._points = np.asarray(points).reshape(-1, 2)
        self._mask = None
        self.set_classes(classes)
        self.informViewBoundsChanged()

    def set_classes(self, classes: NDArray[Any] | None) -> None:
        """Colour by other hues (n,), or by none."""
        codes = np.full(len(self._points), _PLAIN, dtype=np.uint8)
        if classes is not None:
            known = (np.asarray(classes) >= 0) & (np.asarray(classes) < len(CLASS_HUES))
            codes[known] = np.asarray(classes)[known] + 1
        self._order = np.argsort(codes, kind="stable")
        self._rank = np.empty_like(self._order)
        self._rank[self._order] = np.arange(len(codes))
        self._codes = codes[self._order]
        self._sorted = self._points[self._order]
        self._frame = None
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

    def within(self, polygon: NDArray[np.float64]) -> Mask:
        """Return which points (n,) lie in a polygon (k, 2)."""
        frame = self._project()
        return points_in_lasso(self._sorted, self._pixels, polygon, frame).take(self._rank)

    def bounds(self, *, selected: bool = False) -> QRectF | None:
        """Return the rectangle around all points, or around the selected ones; None where there are none."""
        if selected and self._mask is None:
            return None
        chosen = self._points[self._mask] if selected else self._points
        finite = chosen if np.isfinite(chosen).all() else chosen[np.isfinite(chosen).all(axis=1)]
        if not len(finite):
            return None
        (x0, y0), (x1, y1) = finite.min(axis=0).tolist(), finite.max(axis=0).tolist()
        return QRectF(QPointF(x0, y0), QPointF(x1, y1))

    def nearest(self, x: float, y: float, reach_px: float = 6.0) -> int | None:
        """Return the point next to a place in data coordinates, if one lies within reach."""
        px, py = self.pixelVectors()
        scale = np.array([px.x() if px else 1.0, py.y() if py else 1.0])
        away = (((self._points - [x, y]) / scale) ** 2).sum(axis=1)
        best = int(np.nanargmin(away)) if np.isfinite(away).any() else -1
        return best if best >= 0 and away[best] <= reach_px**2 else None

    def mark_px(self) -> int:
        """Return a point's size in pixels: smaller the more there are."""
        count = len(self._points)
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

    def _project(self) -> raster.Frame:
        """Find every point's pixel where the view has moved; return what is seen."""
        rect, width, height, _ = self._view()
        frame = raster.Frame(rect.left(), rect.right(), rect.top(), rect.bottom(), width, height)
        if frame != self._frame:
            self._pixels = raster.pixel_index(self._sorted, frame)
            self._frame, self._ground = frame, None
        return frame

    def _compose(self) -> None:
        frame = self._project()
        if self._ground is None:
            codes = self._codes if self._mask is None else np.full_like(self._codes, _FADED)
            self._ground = self._marks(frame, self._pixels, codes)
        marks = self._ground
        if self._mask is not None:
            chosen = self._chosen(self._mask)
            above = self._marks(frame, self._pixels.take(chosen), self._codes.take(chosen))
            marks = np.where(above > 0, above, marks)
        self._bytes = _lookup(look.theme.mark, look.theme.faded).take(marks)
        self._image = QImage(
            self._bytes.data, frame.width, frame.height, frame.width * 4, QImage.Format.Format_ARGB32_Premultiplied
        )
        self._image.setDevicePixelRatio(self._view()[3])

    def _chosen(self, mask: Mask) -> NDArray[np.intp]:
        """Return where the selected points stand in the order of colours, ascending; few of many are sorted instead."""
        few = np.flatnonzero(mask)
        if _FEW * len(few) > len(mask):
            return np.flatnonzero(mask.take(self._order))
        return np.sort(self._rank.take(few))

    def _marks(self, frame: raster.Frame, pixels: raster.Pixels, codes: NDArray[np.uint8]) -> NDArray[np.uint16]:
        return raster.grown(raster.marks(pixels, codes, frame), self.mark_px())


@lru_cache(maxsize=4)
def _lookup(mark: str, faded: str) -> NDArray[np.uint32]:
    """Return the premultiplied colour of every mark, (65536,): denser is more opaque."""
    table = np.zeros((raster.MOST + 1, raster.CODES), dtype=np.uint32)
    alpha = 1.0 - 0.35 * 0.6 ** np.arange(raster.MOST + 1)
    for code, colour in enumerate((*CLASS_HUES, mark, faded), start=1):
        red, green, blue = (np.round(part * 255 * alpha).astype(np.uint32) for part in rgb(colour))
        table[:, code] = (np.round(alpha * 255).astype(np.uint32) << 24) | (red << 16) | (green << 8) | blue
    table[0] = 0
    return table.ravel()
