"""What a processor does better pixel by pixel than in passes over whole tensors: compiled loops.

Each has a plain twin in tensors, which accelerators use: `seeding.uniform_plain`, `noise.counts_plain`,
`blur.smear_plain` and `digital.pixelate_plain`. This module takes a moment to import, so its users do so when they run.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

_compiled: Callable[..., Any] = njit(cache=True, nogil=True, error_model="numpy")
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


def _counts(levels: NDArray[np.uint8], chances: Floats, row: NDArray[np.float64], out: Floats) -> None:
    """Fill ``out`` with the count that each chance stands for; ``row`` has the 256 raised distributions end to end."""
    each = len(row) // 256
    guide = np.empty((256, 257), np.int64)
    for level in range(256):
        guide[level] = np.searchsorted(row, level + np.arange(257) / 256) - level * each
    for place in range(len(levels)):
        level, chance = levels[place], chances[place]
        count = guide[level, int(chance * np.float32(256))]
        raised, start = np.float64(chance) + level, np.int64(level) * each
        while row[start + count] < raised:
            count += 1
        out[place] = count


counts: Callable[[NDArray[np.uint8], Floats, NDArray[np.float64], Floats], None] = _compiled(_counts)


def _smear(images: Floats, down: Places, right: Places, curve: Floats, out: Floats) -> None:
    """Add to ``out`` each image (n, c, h, w) moved along its steps (n, k), which are not below 0 to the right."""
    n, c, h, w = images.shape
    for image in range(n):
        for channel in range(c):
            for y in range(h):
                line = out[image, channel, y]
                for step in range(len(curve)):
                    source = images[image, channel, min(max(y + down[image, step], 0), h - 1)]
                    far, weight = min(right[image, step], w), curve[step]
                    inside = source[far:]
                    for x in range(len(inside)):
                        line[x] += weight * inside[x]
                    for x in range(len(inside), w):
                        line[x] += weight * source[w - 1]


smear: Callable[[Floats, Places, Places, Floats, Floats], None] = _compiled(_smear)


def _pixelate(images: Floats, rows: Places, columns: Places, high: Places, wide: Places, out: Floats) -> None:
    """Fill ``out`` with images (n, h, w) of whole numbers, each part the rounded mean of its pixels.

    Parts begin at ``rows`` and ``columns``, which end with h and w; ``high`` and ``wide`` say for each row and column
    of ``out`` from which part it takes. Means are taken along the width first.
    """
    n, h, w = images.shape
    narrow, part = np.empty((h, len(columns) - 1), np.float32), np.empty(len(columns) - 1, np.float32)
    for image in range(n):
        for y in range(h):
            for x in range(len(part)):
                total = np.float32(0)
                for place in range(columns[x], columns[x + 1]):
                    total += images[image, y, place]
                narrow[y, x] = np.floor(total / np.float32(columns[x + 1] - columns[x]) + np.float32(0.5))
        for y in range(h):
            if y and high[y] == high[y - 1]:
                out[image, y] = out[image, y - 1]
                continue
            first, last = rows[high[y]], rows[high[y] + 1]
            part[:] = 0
            for place in range(first, last):
                line = narrow[place]
                for x in range(len(part)):
                    part[x] += line[x]
            for x in range(len(part)):
                part[x] = np.floor(part[x] / np.float32(last - first) + np.float32(0.5))
            for x in range(w):
                out[image, y, x] = part[wide[x]]


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
