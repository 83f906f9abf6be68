"""Weights of samples, as a data set declares them: relative numbers of which only the ratios count."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

WEIGHT = "weight"
"""The column of a data set, and the file of it in a workspace, that holds them."""
Weights = NDArray[np.float64] | None
"""Relative weights, (samples,), of which the largest is 1; None where all samples count alike."""


def relative(weights: NDArray[Any]) -> NDArray[np.float64]:
    """Return weights, (samples,), as shares of the largest, so that no square overflows."""
    numbers = np.asarray(weights, np.float64)
    return np.asarray(numbers / numbers.max())


def weights_of(columns: Mapping[str, NDArray[Any]]) -> Weights:
    """Return the weights among a data set's further columns, if there are any."""
    return relative(columns[WEIGHT]) if WEIGHT in columns else None


def some(weights: Weights, places: NDArray[Any]) -> Weights:
    """Return the weights of some samples."""
    return None if weights is None else weights[places]


def unweighed(data: str, what: str) -> str:
    """Return the sentence that something does not heed the weights of a data set."""
    return f"The weights of {data} do not enter {what}: every sample counts alike there."
