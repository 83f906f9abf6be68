"""A lasso over a million points whose pixels are known: only those near the outline are looked at one by one."""

import numpy as np
from numpy.typing import NDArray

from .raster import Frame, Pixels, points_in_polygon

_CELLS = 128  # along the longer side of the frame
_MARGIN = 0.05  # of a cell: more than rounding moves a point or an edge
_OUT, _IN, _NEAR = 0, 1, 2


def points_in_lasso(
    points: NDArray[np.floating], pixels: Pixels, polygon: NDArray[np.floating], frame: Frame
) -> NDArray[np.bool_]:
    """Return `points_in_polygon` of points whose pixels are known.

    Parameters
    ----------
    points : array, shape (n, 2)
    pixels : array of intp, shape (n,)
        Their pixels in the frame, from `pixel_index`.
    polygon : array, shape (k, 2)
        Corners in order, in the points' units.
    frame : Frame
        What is seen.

    Returns
    -------
    array of bool, shape (n,)
    """
    if len(polygon) < 3:
        return np.zeros(len(points), bool)
    kinds = pixel_kinds(np.asarray(polygon, np.float64), frame).take(pixels)
    inside: NDArray[np.bool_] = kinds == _IN
    near = np.flatnonzero(kinds == _NEAR)
    inside[near] = points_in_polygon(points.take(near, axis=0), polygon)
    return inside


def pixel_kinds(polygon: NDArray[np.float64], frame: Frame) -> NDArray[np.uint8]:
    """Return what lies in each pixel, (frame.size + 1,): 0 all outside, 1 all inside, 2 near the outline.

    The last entry is for points outside the frame. Pixels are judged in square cells: one that the outline touches, or
    all but touches, is near; any other is as its centre is.
    """
    side = -(-max(frame.width, frame.height) // _CELLS)
    rows, columns = -(-frame.height // side), -(-frame.width // side)
    x, y = frame.columns(polygon[:, 0]) / side, frame.rows(polygon[:, 1]) / side
    centres = np.stack(np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5), axis=-1).reshape(-1, 2)
    inside = points_in_polygon(centres, np.column_stack([x, y])).reshape(rows, columns)
    cells = np.where(_touched(x, y, rows, columns), _NEAR, inside).astype(np.uint8)
    within = cells.repeat(side, axis=0).repeat(side, axis=1)[: frame.height, : frame.width]
    leaves = x.min() < 1 or y.min() < 1 or x.max() > frame.width / side - 1 or y.max() > frame.height / side - 1
    return np.append(within.ravel(), np.uint8(_NEAR if leaves else _OUT))


def _touched(x: NDArray[np.float64], y: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.bool_]:
    """Return the cells, (rows, columns), that a closed outline touches or comes closer to than `_MARGIN`.

    Each edge is cut to each row of cells; between the ends of what is left lie its cells.
    """
    x1, y1 = np.roll(x, -1), np.roll(y, -1)
    top, bottom = np.arange(rows)[:, None] - _MARGIN, np.arange(rows)[:, None] + 1 + _MARGIN
    low, high = np.maximum(np.minimum(y, y1), top), np.minimum(np.maximum(y, y1), bottom)
    slope = np.divide(x1 - x, y1 - y, out=np.zeros_like(x), where=y1 != y)
    ends = np.stack([x + (low - y) * slope, x + (high - y) * slope])
    level = y1 == y
    first = np.where(level, np.minimum(x, x1), ends.min(axis=0))
    last = np.where(level, np.maximum(x, x1), ends.max(axis=0))
    crossed, _ = np.nonzero(low <= high)
    begins = np.clip(np.floor(first[low <= high] - _MARGIN), 0, columns).astype(np.intp)
    stops = np.clip(np.floor(last[low <= high] + _MARGIN) + 1, 0, columns).astype(np.intp)
    steps = np.zeros((rows, columns + 1), np.int32)
    np.add.at(steps, (crossed, begins), 1)
    np.add.at(steps, (crossed, stops), -1)
    return steps.cumsum(axis=1)[:, :columns] > 0
