"""Points as pixels: class images and brushes for a million points."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.intp]

CODES = 16
"""How many codes a mark can carry; code 0 stands for none."""
MOST = 0xFFFF // CODES
"""The largest count that a mark can carry."""
_BLOCK = 1 << 14  # points whose intermediate results stay in the processor's cache


@dataclass(frozen=True)
class Frame:
    """The part of the plane that is seen, and the pixels that show it; row 0 is the top.

    ``right > left`` and ``top > bottom``, in the points' units; ``width`` and ``height`` in pixels.
    """

    left: float
    right: float
    bottom: float
    top: float
    width: int
    height: int

    @property
    def size(self) -> int:
        """Number of pixels, which is also the pixel index of whatever lies outside."""
        return self.width * self.height

    def columns(self, x: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return positions from the left edge, in pixels."""
        return (x - self.left) * (self.width / (self.right - self.left))

    def rows(self, y: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return positions from the top edge, in pixels."""
        return (self.top - y) * (self.height / (self.top - self.bottom))


def pixel_index(points: NDArray[np.floating], frame: Frame) -> Pixels:
    """Return the pixel of each point, row · width + column, and ``frame.size`` for points outside or not a number.

    Parameters
    ----------
    points : array, shape (n, 2)
    frame : Frame

    Returns
    -------
    array of intp, shape (n,)
    """
    pixels = np.empty(len(points), np.intp)
    for start in range(0, len(points), _BLOCK):
        part = slice(start, start + _BLOCK)
        column = frame.columns(points[part, 0].astype(np.float64))
        row = frame.rows(points[part, 1].astype(np.float64))
        inside = (column >= 0) & (column < frame.width) & (row >= 0) & (row < frame.height)
        with np.errstate(invalid="ignore"):  # what is not a number is outside, whatever integer it becomes
            shown = row.astype(np.int32).astype(np.intp) * frame.width + column.astype(np.int32)
        pixels[part] = np.where(inside, shown, frame.size)
    return pixels


def pixel_index_reference(points: NDArray[np.floating], frame: Frame) -> Pixels:
    """Return `pixel_index` one point at a time in float64."""
    pixels = []
    for x, y in np.asarray(points, np.float64):
        column, row = float(frame.columns(x)), float(frame.rows(y))
        inside = 0 <= column < frame.width and 0 <= row < frame.height
        pixels.append(int(row) * frame.width + int(column) if inside else frame.size)
    return np.array(pixels, np.intp)


def marks(pixels: Pixels, codes: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint16]:
    """Return how many points of its commonest code each pixel shows, and that code, in one number.

    The number is count · `CODES` + code, so the larger of two is the denser; of codes that are equally common the
    highest is kept. Counts end at `MOST`.

    Parameters
    ----------
    pixels : array of intp, shape (n,)
        From `pixel_index`.
    codes : array of uint8, shape (n,)
        Below `CODES`, ascending.
    frame : Frame

    Returns
    -------
    array of uint16, shape (height, width)
        0 where there is no point.
    """
    packed = (
        _marks_by_sorting(pixels, codes, frame) if len(pixels) < frame.size else _marks_by_code(pixels, codes, frame)
    )
    return packed[:-1].reshape(frame.height, frame.width)


def marks_reference(pixels: Pixels, codes: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint16]:
    """Return `marks` by a full table of pixels × codes."""
    table = np.zeros((frame.size + 1, CODES), np.int64)
    for pixel, code in zip(pixels, codes, strict=True):
        table[pixel, code] += 1
    numbers = np.where(table > 0, np.minimum(table, MOST) * CODES + np.arange(CODES), 0)
    image: NDArray[np.uint16] = numbers.max(axis=1)[:-1].reshape(frame.height, frame.width).astype(np.uint16)
    return image


def _marks_by_sorting(pixels: Pixels, codes: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint16]:
    """Return the marks of fewer points than pixels: runs of equal (pixel, code)."""
    packed = np.zeros(frame.size + 1, np.uint16)
    kind = np.dtype(np.int32 if (frame.size + 1) * CODES < 2**31 else np.int64)
    keys: NDArray[np.integer] = np.multiply(pixels, CODES, dtype=kind, casting="unsafe")
    keys += codes
    keys.sort()
    starts = _run_starts(keys)
    keys, counts = keys[starts], np.diff(starts, append=len(keys))
    numbers = np.minimum(counts, MOST) * CODES + keys % CODES
    places = keys // CODES
    starts = _run_starts(places)
    if len(starts):
        packed[places[starts]] = np.maximum.reduceat(numbers, starts)
    return packed


def _marks_by_code(pixels: Pixels, codes: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint16]:
    """Return the marks of more points than pixels: one count a code."""
    packed = np.zeros(frame.size + 1, np.intp)
    starts = np.searchsorted(codes, np.arange(CODES + 1))
    for code in np.flatnonzero(np.diff(starts)):
        counts = np.bincount(pixels[starts[code] : starts[code + 1]], minlength=frame.size + 1)
        counts *= CODES
        counts += code
        np.maximum(packed, counts, out=packed)
    packed[packed < CODES] = 0  # a code of which there is no point
    if packed.max() >> 16:
        packed = np.minimum(packed // CODES, MOST) * CODES + packed % CODES
    return packed.astype(np.uint16)


def grown(image: NDArray[np.uint16], size: int) -> NDArray[np.uint16]:
    """Return the marks with each grown to a disc of ``size`` pixels; the denser wins where two meet."""
    height, width = image.shape
    found = image.copy()
    for dy, dx in _disc(size):
        into = found[max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)]
        source = image[max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)]
        np.maximum(into, source, out=into)
    return found


def grown_reference(image: NDArray[np.uint16], size: int) -> NDArray[np.uint16]:
    """Return `grown` one mark at a time."""
    height, width = image.shape
    found = image.copy()
    for row, column in np.argwhere(image):
        for dy, dx in _disc(size):
            if 0 <= row + dy < height and 0 <= column + dx < width:
                found[row + dy, column + dx] = max(found[row + dy, column + dx], image[row, column])
    return found


def _disc(size: int) -> list[tuple[int, int]]:
    """Return the neighbours, (row, column), that a disc of so many pixels covers beside its own."""
    steps = range(-((size - 1) // 2), size // 2 + 1)
    centre, reach = (steps[0] + steps[-1]) / 2, (size / 2) ** 2 + 0.1
    return [(dy, dx) for dy in steps for dx in steps if (dy or dx) and (dy - centre) ** 2 + (dx - centre) ** 2 <= reach]


def points_in_polygon(points: NDArray[np.floating], polygon: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which points lie inside a closed polygon, by the even-odd rule: a region enclosed twice is outside.

    With the points sorted by height, an edge concerns a contiguous range of them alone; so the cost grows with the
    number of times the outline passes a point's height, not with the number of corners. Heights are sorted as 16-bit
    levels, which a radix sort does in linear time; within the levels that an edge touches, they are compared exactly.

    Parameters
    ----------
    points : array, shape (n, 2)
    polygon : array, shape (k, 2)
        Corners in order; the last is joined to the first. Fewer than three enclose nothing.

    Returns
    -------
    array of bool, shape (n,)

    Source: Shimrat 1962, Algorithm 112: Position of Point Relative to Polygon.
    """
    inside = np.zeros(len(points), bool)
    if len(polygon) < 3:
        return inside
    corners = np.asarray(polygon, np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y = points[:, 0], points[:, 1]
    boxed = np.flatnonzero((x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))
    near = points.take(boxed, axis=0)
    levels = _levels(near[:, 1].astype(np.float64), low[1], high[1])
    order = np.argsort(levels, kind="stable")
    near, levels = near.take(order, axis=0).astype(np.float64), levels[order]
    x, y = near[:, 0], near[:, 1]
    ends = _levels(corners[:, 1], low[1], high[1])
    firsts, lasts = np.searchsorted(levels, ends), np.searchsorted(levels, ends, side="right")
    odd = np.zeros(len(boxed), bool)
    for here, (x0, y0) in enumerate(corners):
        there = (here + 1) % len(corners)
        x1, y1 = corners[there]
        if y0 != y1:
            part = slice(min(firsts[here], firsts[there]), max(lasts[here], lasts[there]))
            above = (y0 <= y[part]) != (y1 <= y[part])
            odd[part] ^= above & (x[part] < x0 + (y[part] - y0) * ((x1 - x0) / (y1 - y0)))
    inside[boxed[order]] = odd
    return inside


def _levels(y: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint16]:
    return ((y - low) * (0xFFFF / ((high - low) or 1.0))).astype(np.uint16)


def points_in_polygon_reference(points: NDArray[np.floating], polygon: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return `points_in_polygon` by testing every point of its box against every edge in float64."""
    corners = np.asarray(polygon, np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    inside = np.zeros(len(points), bool)
    for i, (x, y) in enumerate(np.asarray(points, np.float64)):
        if not (low[0] <= x <= high[0] and low[1] <= y <= high[1]):
            continue  # beside the box, rounding alone could make a crossing
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if (y0 <= y) != (y1 <= y) and x < x0 + (y - y0) * ((x1 - x0) / (y1 - y0)):
                inside[i] = not inside[i]
    return inside


def _run_starts(values: NDArray[np.integer]) -> NDArray[np.intp]:
    return np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1]))[: len(values)])
