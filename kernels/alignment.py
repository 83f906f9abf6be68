"""Laying one arrangement of points over another."""

import numpy as np
from numpy.typing import NDArray


def align(points: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ``points`` moved, scaled, rotated and reflected onto ``target`` with the least squared error.

    Orthogonal Procrustes with scaling (Gower 1975): of the centred arrangements' product P'T = USV', the rotation is
    UV' and the scale tr(S) / ‖P‖².

    Parameters
    ----------
    points, target : array, (points, dimensions)
        Row by row the same points.

    Returns
    -------
    array of float64, (points, dimensions)
    """
    centre = points.mean(0, dtype=np.float64)
    goal = target.mean(0, dtype=np.float64)
    moved, wanted = points - centre, target - goal
    size = float((moved**2).sum())
    if size == 0:
        return np.broadcast_to(goal, points.shape).copy()
    left, spectrum, right = np.linalg.svd(moved.T @ wanted)
    aligned: NDArray[np.float64] = moved @ (left @ right) * (spectrum.sum() / size) + goal
    return aligned
