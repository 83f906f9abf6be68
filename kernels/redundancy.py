"""Which of several tests say the same: how their errors go together."""

import numpy as np
from numpy.typing import NDArray

_EQUAL = 1e-9  # errors that vary by less do not


def error_correlation(errors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return how the errors under each pair of tests go together over the samples.

    Parameters
    ----------
    errors : array, shape (samples, tests)
        How wrong a model is on each sample under each test: a share, or 0 and 1.

    Returns
    -------
    array, shape (tests, tests)
        Pearson's correlations; NaN for a test under which all samples fare the same.
    """
    centred = errors - errors.mean(axis=0, keepdims=True)
    products = centred.T @ centred
    scale = np.sqrt(products.diagonal())
    scale = np.where(scale > _EQUAL * np.sqrt(len(errors)), scale, np.nan)
    correlation: NDArray[np.float64] = products / np.outer(scale, scale)
    return correlation
