"""How large numbers are that a network gets, and whether something has normalised them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LEAST, _MOST = 0.2, 5.0  # the deviation of what was divided by one, of other samples or of a whole set
_BELOW = -0.2  # the least of what a mean was taken from


@dataclass(frozen=True)
class Scale:
    """Statistics of columns of numbers, each array of shape (columns,)."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @property
    def centred(self) -> NDArray[np.bool_]:
        """Which columns are around zero with a deviation around one, as normalisation leaves them."""
        around = np.abs(self.mean) <= self.deviation
        return around & (self.low <= _BELOW) & (self.deviation >= _LEAST) & (self.deviation <= _MOST)

    @property
    def bounded(self) -> NDArray[np.bool_]:
        """Which columns lie between −1 and 1."""
        return (self.low >= -1) & (self.high <= 1)


def scale_of(values: NDArray[np.float32]) -> Scale:
    """Return the statistics of columns of numbers, (rows, columns)."""
    wide = values.astype(np.float64)
    return Scale(wide.min(0), wide.max(0), wide.mean(0), wide.std(0))
