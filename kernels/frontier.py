"""Pareto fronts."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Direction = Literal["higher", "lower"]


def pareto_front(points: NDArray[np.floating], better: tuple[Direction, Direction]) -> NDArray[np.bool_]:
    """Return which points no other point beats.

    One point beats another if it is at least as good on both axes and better on one; equal points are on the front
    together. A point with a value that is not a number is never on it. Takes O(n log n).

    Parameters
    ----------
    points : array, shape (n, 2)
    better : pair of str
        Which direction is good, ``higher`` or ``lower``, on each axis.

    Returns
    -------
    array of bool, shape (n,)

    Source: Kung, Luccio and Preparata 1975, On Finding the Maxima of a Set of Vectors.
    """
    costs = _costs(points, better)
    rows = np.flatnonzero(~np.isnan(costs).any(axis=1))
    x, y = costs[rows].T
    order = np.lexsort((y, x))
    x, y = x[order], y[order]
    # By cost on the first axis, then the second: only the first of each column of equal x can be on the front (with
    # its equals), and only where it is below all columns before it.
    first = np.searchsorted(x, x)
    before = np.concatenate(([np.inf], np.minimum.accumulate(y)))[first]
    on_front = np.zeros(len(costs), bool)
    on_front[rows[order]] = (y == y[first]) & ((y < before) | (first == 0))
    return on_front


def pareto_front_reference(points: NDArray[np.floating], better: tuple[Direction, Direction]) -> NDArray[np.bool_]:
    """Return `pareto_front` by comparing every pair."""
    costs = _costs(points, better)
    front = [
        not np.isnan(a).any() and not any((b <= a).all() and (b < a).any() for b in costs if not np.isnan(b).any())
        for a in costs
    ]
    return np.array(front, bool)


def _costs(points: NDArray[np.floating], better: tuple[Direction, Direction]) -> NDArray[np.float64]:
    signs = [-1.0 if direction == "higher" else 1.0 for direction in better]
    return np.asarray(points, np.float64).reshape(-1, 2) * signs
