"""What a processor does better pixel by pixel than in passes over whole tensors: compiled loops.

Each has a plain twin in tensors beside its caller, which accelerators use and which names it. This module takes a
moment to import, so its callers do so when they run; what is compiled is kept in the cache beside this file.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Steps of distances in units of 2⁻¹⁶, as OpenCV counts them: straight, diagonal, and a knight's.
ONE, ASLANT, KNIGHT = 65536, 91750, 143976

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

_compiled: Callable[..., Any] = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
_inlined: Callable[..., Any] = njit(inline="always", error_model="numpy")


def _mix(v: Any) -> Any:
    v = np.uint32(np.uint32(v ^ (v >> np.uint32(16))) * np.uint32(0x7FEB352D))
    v = np.uint32(np.uint32(v ^ (v >> np.uint32(15))) * np.uint32(0x846CA68B))
    return np.uint32(v ^ (v >> np.uint32(16)))


mix = _inlined(_mix)


def _uniform(keys: NDArray[np.uint32], out: Floats) -> None:
    """Fill each row of ``out`` with numbers between 0 and 1, hashed from its key and the column."""
    for row in range(len(keys)):
        key = keys[row]
        for place in range(out.shape[1]):
            bits = mix(mix(np.uint32(np.uint32(place) + key)) ^ key)
            whole = np.float32(np.int32(bits >> np.uint32(9)))
            out[row, place] = (whole + np.float32(0.5)) * np.float32(2**-23)


uniform: Callable[[NDArray[np.uint32], Floats], None] = _compiled(_uniform)


def _counts(levels: NDArray[np.uint8], chances: Floats, row: NDArray[np.float64], guide: Places, out: Floats) -> None:
    """Fill ``out`` with the count that each chance stands for.

    ``row`` has the 256 raised distributions end to end, ``guide`` (256, 256) where to begin for each 256th of chance.
    """
    each = len(row) // 256
    for place in range(len(levels)):
        level, chance = levels[place], chances[place]
        found, raised = guide[level, int(chance * np.float32(256))], np.float64(chance) + level
        while row[found] < raised:
            found += 1
        out[place] = found - np.int64(level) * each


counts: Callable[[NDArray[np.uint8], Floats, NDArray[np.float64], Places, Floats], None] = _compiled(_counts)


def _correlate(images: Floats, down: Places, right: Places, weights: Floats, out: Floats) -> None:
    """Add to ``out`` (n, c, h, w) what lies so far down and right of each place in the larger images, weighted.

    ``down`` and ``right`` are (n or 1, k) and not below 0, ``weights`` (k,); k is a multiple of 4.
    """
    n, channels, h, w = out.shape
    wide = images.shape[3]
    for image in range(n):
        ys, xs = down[min(image, len(down) - 1)], right[min(image, len(right) - 1)]
        for channel in range(channels):
            flat, target = images[image, channel].ravel(), out[image, channel].ravel()
            for y in range(h):
                begin = np.uint64(y * w)
                for k in range(0, len(weights), 4):  # four at a time, so that the target is seldom read and written
                    a, wa = np.uint64((y + ys[k]) * wide + xs[k]), weights[k]
                    b, wb = np.uint64((y + ys[k + 1]) * wide + xs[k + 1]), weights[k + 1]
                    c, wc = np.uint64((y + ys[k + 2]) * wide + xs[k + 2]), weights[k + 2]
                    d, wd = np.uint64((y + ys[k + 3]) * wide + xs[k + 3]), weights[k + 3]
                    for x in range(np.uint64(w)):
                        target[begin + x] += wa * flat[a + x] + wb * flat[b + x] + wc * flat[c + x] + wd * flat[d + x]


correlate: Callable[[Floats, Places, Places, Floats, Floats], None] = _compiled(_correlate)


def _pixelate(images: Floats, rows: Places, columns: Places, high: Places, wide: Places, out: Floats) -> None:
    """Fill ``out`` with images (n, h, w) of whole numbers, each part the rounded mean of its pixels.

    Parts begin at ``rows`` and ``columns``, which end with h and w; ``high`` and ``wide`` say for each row and column
    of ``out`` from which part it takes. Means are taken along the width first.
    """
    n, h, w = images.shape
    half, parts = np.float32(0.5), len(columns) - 1
    narrow, mean = np.empty((h, parts), np.float32), np.empty(parts, np.float32)
    for image in range(n):
        for y in range(h):
            for x in range(parts):
                total = np.float32(0)
                for place in range(columns[x], columns[x + 1]):
                    total += images[image, y, place]
                narrow[y, x] = np.floor(total / np.float32(columns[x + 1] - columns[x]) + half)
        for y in range(h):
            first, last = rows[high[y]], rows[high[y] + 1]
            if y == 0 or high[y] != high[y - 1]:
                for x in range(parts):
                    total = np.float32(0)
                    for place in range(first, last):
                        total += narrow[place, x]
                    mean[x] = np.floor(total / np.float32(last - first) + half)
            for x in range(w):
                out[image, y, x] = mean[wide[x]]


pixelate: Callable[[Floats, Places, Places, Places, Places, Floats], None] = _compiled(_pixelate)


def _to_pixels(levels: NDArray[np.uint8], out: Floats) -> None:
    """Fill ``out`` with the levels in units of 255."""
    for place in range(len(levels)):
        out[place] = np.float32(levels[place]) / np.float32(255)


def _to_levels(pixels: Floats, out: NDArray[np.uint8]) -> None:
    """Fill ``out`` with the nearest of the levels 0 to 255."""
    for place in range(len(pixels)):
        inside = min(max(pixels[place], np.float32(0)), np.float32(1))
        out[place] = np.uint8(np.int32(np.rint(inside * np.float32(255))))


to_pixels: Callable[[NDArray[np.uint8], Floats], None] = _compiled(_to_pixels)
to_levels: Callable[[Floats, NDArray[np.uint8]], None] = _compiled(_to_levels)


def _impulses(images: Floats, chances: Floats, amount: float, out: Floats) -> None:
    """Fill ``out`` with the images, black where the chance is below half of the amount, white where below the whole."""
    half, whole = np.float32(amount / 2), np.float32(amount)
    for place in range(len(images)):
        lit = np.float32(1) if chances[place] < whole else images[place]
        out[place] = np.float32(0) if chances[place] < half else lit


impulses: Callable[[Floats, Floats, float, Floats], None] = _compiled(_impulses)


def _sweep(near: Places) -> None:
    """Lower each distance to what its neighbours above and before it allow; the two outermost lines stay."""
    h, w = near.shape
    for y in range(2, h - 2):
        for x in range(2, w - 2):
            straight = min(near[y - 1, x], near[y, x - 1]) + ONE
            aslant = min(near[y - 1, x - 1], near[y - 1, x + 1]) + ASLANT
            above = min(near[y - 2, x - 1], near[y - 2, x + 1])
            aside = min(near[y - 1, x - 2], near[y - 1, x + 2])
            near[y, x] = min(near[y, x], straight, aslant, above + KNIGHT, aside + KNIGHT)


sweep: Callable[[Places], None] = _compiled(_sweep)


def _follow(crests: NDArray[np.bool_], edges: NDArray[np.bool_], stack: Places) -> None:
    """Grow ``edges`` (n, h, w) along the crests that they touch, corners too; ``stack`` holds h · w places."""
    n, h, w = edges.shape
    for image in range(n):
        left = 0
        for place in range(h * w):
            if edges[image, place // w, place % w]:
                stack[left] = place
                left += 1
        while left:
            left -= 1
            y, x = stack[left] // w, stack[left] % w
            for down in range(max(y - 1, 0), min(y + 2, h)):
                for right in range(max(x - 1, 0), min(x + 2, w)):
                    if crests[image, down, right] and not edges[image, down, right]:
                        edges[image, down, right] = True
                        stack[left] = down * w + right
                        left += 1


follow: Callable[[NDArray[np.bool_], NDArray[np.bool_], Places], None] = _compiled(_follow)
