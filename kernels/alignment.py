"""Laying one layout onto another."""

import numpy as np
from numpy.typing import NDArray


def procrustes(layout: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the layout moved, rotated or reflected, and scaled as one, so that it lies as near the target as it can.

    Least squares over the paired points. A layout that is a single point goes to the target's centre.

    Parameters
    ----------
    layout, target : array, shape (n, 2)
        The same samples in the same order.

    Returns
    -------
    array of float32, shape (n, 2)

    Raises
    ------
    ValueError
        If the shapes differ.

    Source: Gower and Dijksterhuis 2004, Procrustes Problems, chapters 4 and 5.
    """
    if layout.shape != target.shape:
        raise ValueError(f"layouts of shapes {layout.shape} and {target.shape} hold different samples")
    source, centre = np.asarray(layout, np.float64), np.mean(target, axis=0, dtype=np.float64)
    source = source - source.mean(axis=0)
    u, singular, vt = np.linalg.svd(source.T @ (target - centre))
    spread = float(np.sum(source**2))
    scale = singular.sum() / spread if spread > 0 else 0.0
    return np.asarray(scale * source @ (u @ vt) + centre, np.float32)


def procrustes_reference(layout: NDArray[np.floating], target: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return `procrustes` by two regressions in the complex plane, without and with a reflection."""
    z = layout[:, 0] + 1j * np.asarray(layout[:, 1], np.float64)
    goal = target[:, 0] + 1j * np.asarray(target[:, 1], np.float64)
    z, offset = z - z.mean(), goal.mean()
    fits = []
    for turned in (z, z.conj()):
        factor = np.vdot(turned, goal - offset) / np.vdot(turned, turned)
        fits.append(factor * turned + offset)
    best = min(fits, key=lambda fit: float(np.sum(np.abs(fit - goal) ** 2)))
    return np.stack([best.real, best.imag], axis=1)
