"""Intervals of 95 %, each by what suits its kind: a share, a paired difference, a mean, a ratio, a calibration error.

All are functions of the data alone; nothing is drawn. Where nothing varies and no bounds are known, as for the mean of
equal losses, nothing can be said of how far others would lie, and there is None. Shares and differences do with numpy
alone, since the window computes them.
"""

from statistics import NormalDist
from typing import NamedTuple

LEVEL = 0.95
"""How often an interval is to hold the true value."""


class Interval(NamedTuple):
    """A number with the bounds of its interval."""

    mean: float
    low: float
    high: float


def deviate(level: float) -> float:
    """Return how many standard deviations to either side hold a share ``level`` of a normal distribution."""
    return NormalDist().inv_cdf((1 + level) / 2)
