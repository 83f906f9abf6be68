"""Interval of the largest gap between groups' shares."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import LEVEL, Interval
from .shares import share_bounds

Floats = NDArray[np.float64]


def largest_gap(hits: ArrayLike, sizes: ArrayLike) -> Interval | None:
    """Return the largest difference of two groups' shares over all columns, with the interval of the largest true one.

    The largest true gap is at least as large as any that is shown, where the lower bounds are low enough to hold for
    all pairs together (Bonferroni), and at most as large as the greatest upper bound. Bounds of a pair are those of the
    square-and-add method.

    Parameters
    ----------
    hits : array, shape (groups, columns)
        How many samples are hits.
    sizes : array
        Of how many, in a shape that fits; groups of no samples are left out of a column.

    Returns
    -------
    Interval or None
        None where no two groups compare.

    Source: Newcombe 1998, Interval estimation for the difference between independent proportions: comparison of eleven
    methods, Statistics in Medicine 17:873, method 11.
    """
    counts, among = np.broadcast_arrays(np.asarray(hits, np.float64), np.asarray(sizes, np.float64))
    columns = [(own[size > 0], size[size > 0]) for own, size in zip(counts.T, among.T, strict=True)]
    comparable = [column for column in columns if len(column[0]) > 1]
    if not comparable:
        return None
    pairs = sum(len(own) * (len(own) - 1) // 2 for own, _ in comparable)
    gap = max(float(np.ptp(own / size)) for own, size in comparable)
    low = max(_greatest(own, size, 1 - (1 - LEVEL) / pairs)[0] for own, size in comparable)
    high = max(_greatest(own, size, LEVEL)[1] for own, size in comparable)
    return Interval(gap, max(low, 0.0), min(high, 1.0))


def _greatest(hits: Floats, sizes: Floats, level: float) -> tuple[float, float]:
    """Return the greatest lower and the greatest upper bound of one group's share less another's."""
    shares = hits / sizes
    low, high = share_bounds(hits, sizes, level)
    below, above = shares - low, high - shares
    apart = shares[:, None] - shares
    np.fill_diagonal(apart, -np.inf)
    lower, upper = apart - np.hypot(below[:, None], above), apart + np.hypot(above[:, None], below)
    return float(lower.max()), float(upper.max())
