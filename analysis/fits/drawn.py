"""Numbers as they might have come out, by their intervals."""

import numpy as np
from numpy.typing import NDArray

from ...kernels.intervals import LEVEL, Interval, deviate


def drawn(found: Interval, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return normal draws about a number, (count,), with a deviation to either side of its own."""
    deviates = rng.standard_normal(count) / deviate(LEVEL)
    sides = np.where(deviates < 0, found.mean - found.low, found.high - found.mean)
    return found.mean + deviates * sides
