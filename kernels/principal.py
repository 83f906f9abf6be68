"""Principal components."""

import numpy as np
from numpy.typing import NDArray

from .blocks import blocks


def principal_plane(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the coordinates of the samples on their two directions of greatest variance.

    Each direction's largest entry is positive, so that the signs do not depend on the machine. A direction that does
    not exist (one feature, or samples that are all equal) has coordinate 0.

    Parameters
    ----------
    features : array, shape (samples, width)
        Read a piece at a time, so it may be mapped from the disk.

    Returns
    -------
    array of float32, shape (samples, 2)

    Source: Jolliffe 2002, Principal Component Analysis, section 1.1.
    """
    mean = _mean(features).astype(features.dtype)
    _, directions = np.linalg.eigh(_scatter(features, mean))
    top = _signed(directions[:, ::-1][:, :2]).astype(features.dtype)
    plane = np.zeros((len(features), 2), np.float32)
    for part in blocks(features.shape):
        plane[part, : top.shape[1]] = (features[part] - mean) @ top
    return plane


def _mean(features: NDArray[np.floating]) -> NDArray[np.float64]:
    total = np.zeros(features.shape[1])
    for part in blocks(features.shape):
        total += features[part].sum(axis=0, dtype=np.float64)
    return total / len(features)


def _scatter(features: NDArray[np.floating], mean: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the sum of the outer products of the centred samples, (width, width)."""
    scatter = np.zeros((features.shape[1],) * 2)
    for part in blocks(features.shape):
        centred = features[part] - mean
        scatter += centred.T @ centred
    return scatter


def principal_plane_reference(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return `principal_plane` by a singular value decomposition in float64."""
    centred = np.asarray(features, np.float64) - np.mean(features, axis=0, dtype=np.float64)
    _, _, vt = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(centred @ _signed(vt[:2].T))


def _signed(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(directions).argmax(axis=0)
    signs = np.sign(directions[largest, np.arange(directions.shape[1])])
    return directions * np.where(signs == 0, 1.0, signs)
