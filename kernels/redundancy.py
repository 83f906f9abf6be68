"""Which of several tests say the same: how their errors go together."""

import numpy as np
from numpy.typing import NDArray

_EQUAL = 1e-9  # errors that vary by less do not


def error_correlation(errors: NDArray[np.floating], weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return how the errors under each pair of tests go together over the samples.

    Parameters
    ----------
    errors : array, shape (samples, tests)
        How wrong a model is on each sample under each test: a share, or 0 and 1.
    weights : array, shape (samples,), or None
        Of the samples, 0 and above.

    Returns
    -------
    array, shape (tests, tests)
        Pearson's correlations; NaN for a test under which all samples fare the same.
    """
    centred = errors - np.average(errors, axis=0, weights=weights, keepdims=True)
    if weights is not None:
        centred = centred * np.sqrt(weights / weights.mean())[:, None]
    products = centred.T @ centred
    scale = np.sqrt(products.diagonal())
    scale = np.where(scale > _EQUAL * np.sqrt(len(errors)), scale, np.nan)
    correlation: NDArray[np.float64] = products / np.outer(scale, scale)
    return correlation
