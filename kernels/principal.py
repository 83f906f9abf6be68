"""Principal components."""

import numpy as np
from numpy.typing import NDArray


def principal_plane(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the coordinates of the samples on their two directions of greatest variance.

    Each direction's largest entry is positive, so that the signs do not depend on the machine. A direction that does
    not exist (one feature, or samples that are all equal) has coordinate 0.

    Parameters
    ----------
    features : array, shape (samples, width)

    Returns
    -------
    array of float32, shape (samples, 2)

    Source: Jolliffe 2002, Principal Component Analysis, section 1.1.
    """
    centred = features - features.mean(axis=0, dtype=np.float64).astype(features.dtype)
    _, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    top = directions[:, ::-1][:, :2]
    plane = np.zeros((len(features), 2), np.float32)
    plane[:, : top.shape[1]] = centred @ _signed(top).astype(features.dtype)
    return plane


def principal_plane_reference(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return `principal_plane` by a singular value decomposition in float64."""
    centred = np.asarray(features, np.float64) - np.mean(features, axis=0, dtype=np.float64)
    _, _, vt = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(centred @ _signed(vt[:2].T))


def _signed(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(directions).argmax(axis=0)
    signs = np.sign(directions[largest, np.arange(directions.shape[1])])
    return directions * np.where(signs == 0, 1.0, signs)
