"""The Pareto front of two measures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def pareto_front(points: NDArray[np.float64], better: Sequence[str]) -> NDArray[np.int64]:
    """Return the points that no other beats: none is as good on both axes and better on one.

    Parameters
    ----------
    points : array, (points, 2)
        Two measures a point; a point with a nan is never on the front.
    better : sequence of two str
        ``higher`` or ``lower``: which direction is good on each axis.

    Returns
    -------
    array of int64
        Indices by the first measure, best first; of points that are equal, all.
    """
    costs = np.where(np.array([direction == "higher" for direction in better]), -points, points)
    usable = np.flatnonzero(~np.isnan(costs).any(1))
    order = usable[np.lexsort((costs[usable, 1], costs[usable, 0]))]
    front: list[int] = []
    best = np.inf
    last = (np.nan, np.nan)
    for index in order:
        x, y = costs[index]
        if y < best or (x, y) == last:
            front.append(int(index))
            best, last = y, (x, y)
    return np.array(front, dtype=np.int64)


def pareto_front_reference(points: NDArray[np.float64], better: Sequence[str]) -> NDArray[np.int64]:
    """Return `pareto_front` by comparing every pair."""
    costs = points * [-1.0 if direction == "higher" else 1.0 for direction in better]
    front = [
        i
        for i, point in enumerate(costs)
        if not np.isnan(point).any() and not any((other <= point).all() and (other < point).any() for other in costs)
    ]
    return np.array(sorted(front, key=lambda i: tuple(costs[i])), dtype=np.int64)
