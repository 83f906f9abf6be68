"""Points as pixels: density and class images, hit tests and brushes for a million points."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.intp]

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


@dataclass(frozen=True)
class Lookup:
    """Which points each pixel holds: those of pixel p are ``order[starts[p]:starts[p + 1]]``."""

    order: NDArray[np.intp]
    starts: NDArray[np.intp]


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
        column, row = frame.columns(points[part, 0]), frame.rows(points[part, 1])
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


def counts(pixels: Pixels, frame: Frame, among: NDArray[np.bool_] | None = None) -> NDArray[np.intp]:
    """Return how many points each pixel shows, of all or of those in the mask ``among``; shape (height, width)."""
    shown = pixels if among is None else pixels[among]
    return np.bincount(shown, minlength=frame.size + 1)[:-1].reshape(frame.height, frame.width)


def counts_reference(pixels: Pixels, frame: Frame, among: NDArray[np.bool_] | None = None) -> NDArray[np.intp]:
    """Return `counts` one point at a time."""
    image = np.zeros(frame.size + 1, np.intp)
    for point, pixel in enumerate(pixels):
        image[pixel] += among is None or among[point]
    return image[:-1].reshape(frame.height, frame.width)


def density(image: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return counts on a logarithmic scale from 0 (none) to 1 (the fullest pixel), of the same shape."""
    scaled = np.log1p(image, dtype=np.float32)
    most = scaled.max(initial=0)
    return scaled / most if most > 0 else scaled


def majority(pixels: Pixels, labels: NDArray[np.integer], classes: int, frame: Frame) -> NDArray[np.int32]:
    """Return the class that most points of each pixel have; the lowest of equals, −1 where there is no point.

    Parameters
    ----------
    pixels : array of intp, shape (n,)
        From `pixel_index`.
    labels : array of int, shape (n,)
        From 0 to ``classes`` − 1.
    classes : int
    frame : Frame

    Returns
    -------
    array of int32, shape (height, width)
    """
    image = np.full(frame.size + 1, -1, np.int32)
    # Sorting (pixel, class) pairs beats a table of pixels × classes: 32-bit keys sort in a few milliseconds.
    bits = max(classes - 1, 1).bit_length()
    low = (1 << bits) - 1
    kind = np.dtype(np.int32 if (frame.size + 1) << bits < 2**31 else np.int64)
    keys: NDArray[np.integer] = np.left_shift(pixels, bits, dtype=kind, casting="unsafe")
    keys += labels.astype(kind)
    keys.sort()
    starts = _run_starts(keys)
    lengths = np.diff(np.append(starts, len(keys)))
    runs = keys[starts]
    where = runs >> bits
    groups = _run_starts(where)
    if len(groups):
        votes = lengths << bits | (low - (runs & low))  # the lower class wins a tie
        image[where[groups]] = low - (np.maximum.reduceat(votes, groups) & low)
    return image[:-1].reshape(frame.height, frame.width)


def majority_reference(pixels: Pixels, labels: NDArray[np.integer], classes: int, frame: Frame) -> NDArray[np.int32]:
    """Return `majority` by a full table of pixels × classes."""
    table = np.zeros((frame.size + 1, classes), np.int64)
    for pixel, label in zip(pixels, labels, strict=True):
        table[pixel, label] += 1
    image = np.where(table.any(axis=1), table.argmax(axis=1), -1).astype(np.int32)
    return image[:-1].reshape(frame.height, frame.width)


def lookup(pixels: Pixels, frame: Frame) -> Lookup:
    """Return which points each pixel holds; points outside the frame are left out."""
    order = np.argsort(pixels.astype(np.int32) if frame.size < 2**31 else pixels)
    starts = np.concatenate(([0], np.cumsum(np.bincount(pixels, minlength=frame.size + 1)[:-1])))
    return Lookup(order, starts)


def points_in_window(found: Lookup, frame: Frame, columns: tuple[int, int], rows: tuple[int, int]) -> NDArray[np.intp]:
    """Return the points in a rectangle of pixels, ascending; both ranges without their end, clipped to the frame."""
    first, last = max(columns[0], 0), min(columns[1], frame.width)
    if first >= last:
        return np.zeros(0, np.intp)
    spans = [
        found.order[found.starts[row * frame.width + first] : found.starts[row * frame.width + last]]
        for row in range(max(rows[0], 0), min(rows[1], frame.height))
    ]
    return np.sort(np.concatenate(spans)) if spans else np.zeros(0, np.intp)


def nearest_point(
    found: Lookup,
    points: NDArray[np.floating],
    frame: Frame,
    position: tuple[float, float],
    radius: float,
) -> int | None:
    """Return the visible point nearest to a position, or None if none is within the radius.

    Parameters
    ----------
    found : Lookup
        Of the same points and frame.
    points : array, shape (n, 2)
    frame : Frame
    position : pair of float
        Column and row, in pixels from the top left corner.
    radius : float
        In pixels.
    """
    column, row = position
    window = [(int(np.floor(at - radius)), int(np.ceil(at + radius)) + 1) for at in position]
    near = points_in_window(found, frame, window[0], window[1])
    distances = np.hypot(frame.columns(points[near, 0]) - column, frame.rows(points[near, 1]) - row)
    if not len(near) or distances.min() > radius:
        return None
    return int(near[distances.argmin()])


def nearest_point_reference(
    points: NDArray[np.floating],
    frame: Frame,
    position: tuple[float, float],
    radius: float,
) -> int | None:
    """Return `nearest_point` by looking at every point."""
    visible = np.flatnonzero(pixel_index_reference(points, frame) < frame.size)
    column, row = position
    distances = np.hypot(frame.columns(points[visible, 0]) - column, frame.rows(points[visible, 1]) - row)
    if not len(visible) or distances.min() > radius:
        return None
    return int(visible[distances.argmin()])


def points_in_polygon(points: NDArray[np.floating], polygon: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which points lie inside a closed polygon, by the even-odd rule: a region enclosed twice is outside.

    With the points sorted by height, an edge concerns a contiguous range of them alone; so the cost grows with the
    number of times the outline passes a point's height, not with the number of corners.

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
    boxed = boxed[np.argsort(y[boxed])]
    x, y = x[boxed].astype(np.float64), y[boxed].astype(np.float64)
    odd = np.zeros(len(boxed), bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            first, last = np.searchsorted(y, [min(y0, y1), max(y0, y1)])
            odd[first:last] ^= x[first:last] < x0 + (y[first:last] - y0) * ((x1 - x0) / (y1 - y0))
    inside[boxed] = odd
    return inside


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
