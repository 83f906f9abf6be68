"""How often intervals hold the true value: summed over all outcomes of shares, simulated for other numbers."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import gammaln, xlogy

from graftwork.kernels.intervals import Interval

Floats = NDArray[np.float64]
Bounds = tuple[Floats, Floats]
Draw = Callable[[np.random.Generator, int], Floats]

SIZES = (10, 20, 50, 100, 200, 500, 1000)
RATES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
TOLD_APART = (0.002, 0.004, 0.01, 0.02, 0.05, 0.1, 0.2)  # shares of samples that one model alone has right
DRAWS: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, size: rng.normal(size=size), 0.0),
    "uniform": (lambda rng, size: rng.random(size), 0.5),
    "chi-squared of 3": (lambda rng, size: rng.chisquare(3, size), 3.0),
    "exponential": (lambda rng, size: rng.exponential(size=size), 1.0),
}
"""Numbers, with their true mean."""
WEIGHTS: dict[str, Draw] = {
    "even": lambda rng, size: rng.uniform(0.5, 1.5, size),
    "log-normal": lambda rng, size: rng.lognormal(0, 1, size),
    "a fifth tenfold": lambda rng, size: np.where(rng.random(size) < 0.2, 10.0, 1.0),
}
"""Weights that have nothing to do with the numbers."""

_ROUNDING = 1e-12


class Covered(NamedTuple):
    """Probability that an interval holds the true value, and its mean width."""

    probability: float
    width: float


def of_share(size: int, rate: float, bounds: Bounds) -> Covered:
    """Return what the bounds for each number of hits, (size + 1,), come to."""
    return _summed(stats.binom.pmf(np.arange(size + 1), size, rate), rate, bounds)


def tables(size: int, told_apart: float) -> tuple[Floats, Floats]:
    """Return the numbers that the first and the second alone have right of all tables that are at all likely."""
    most = min(size, int(size * told_apart + 8 * np.sqrt(size * told_apart) + 12))
    first, second = np.indices((most + 1, most + 1)).reshape(2, -1).astype(np.float64)
    possible = first + second <= size
    return first[possible], second[possible]


def of_difference(size: int, rates: tuple[float, float], outcomes: tuple[Floats, Floats], bounds: Bounds) -> Covered:
    """Return what the bounds of each table come to where the first and the second alone are right so often."""
    first, second = outcomes
    counts = np.stack([first, second, size - first - second])
    shares = np.array([*rates, 1 - sum(rates)])[:, None]
    chance = np.exp(gammaln(size + 1) + (xlogy(counts, shares) - gammaln(counts + 1)).sum(axis=0))
    return _summed(chance, rates[1] - rates[0], bounds)


def differences(size: int, bounds: Callable[[Floats, Floats], Bounds]) -> Iterator[tuple[float, float, Covered]]:
    """Give the share told apart, how much of it one side has, and what the intervals come to."""
    for told_apart in TOLD_APART:
        outcomes = tables(size, told_apart)
        found = bounds(*outcomes)
        for share in (0.5, 0.65, 0.8, 0.95, 1.0):
            rates = told_apart * (1 - share), told_apart * share
            yield told_apart, share, of_difference(size, rates, outcomes, found)


def simulated(rows: Iterator[tuple[Interval | None, float]]) -> Covered:
    """Return how often intervals hold the value beside them, and their mean width; None counts as a miss."""
    told = [(found is not None and found.low <= truth <= found.high, found) for found, truth in rows]
    widths = [found.high - found.low for _, found in told if found]
    return Covered(float(np.mean([held for held, _ in told])), float(np.mean(widths)))


def _summed(chance: Floats, truth: float, bounds: Bounds) -> Covered:
    low, high = bounds
    held = (low <= truth + _ROUNDING) & (truth - _ROUNDING <= high)
    return Covered(float(chance[held].sum()), float(chance @ (high - low)))
