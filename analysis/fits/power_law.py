"""Power laws: how an error falls with size, data or steps, where two cross, and what a beginning says of the end."""

from math import exp, log
from sys import float_info
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import norm
from scipy.stats import t as student

from ...kernels.intervals import Interval
from ..errors import UserError

Floats = NDArray[np.float64]

_STEEPEST, _FLATTEST = -5.0, -1e-3
_GRID = 60
_FEWEST = 4  # points for three numbers
_LARGEST = log(float_info.max)
POOR = 0.2
"""Relative residual above which a law says little."""


class PowerLaw(NamedTuple):
    """E(n) = αn^β + γ with α ≥ 0, β < 0 and γ ≥ 0."""

    alpha: float
    beta: float
    gamma: float

    def at(self, sizes: ArrayLike) -> Floats:
        """Return the error at each size."""
        return self.alpha * np.asarray(sizes, np.float64) ** self.beta + self.gamma

    def size_for(self, error: float) -> float:
        """Return the size at which the law gives an error: infinite at and below γ."""
        if error <= self.gamma:
            return float("inf")
        if self.alpha == 0:
            return 0.0
        logarithm = log((error - self.gamma) / self.alpha) / self.beta
        return exp(logarithm) if logarithm < _LARGEST else float("inf")


class PowerLawFit(NamedTuple):
    """A fitted law, what the bootstrap made of it, and the typical relative residual."""

    law: PowerLaw
    resampled: tuple[PowerLaw, ...]
    residual: float

    def interval(self, name: str) -> Interval:
        """Return ``alpha``, ``beta`` or ``gamma`` with its 95 % interval."""
        return _interval(getattr(self.law, name), [getattr(law, name) for law in self.resampled])

    def at(self, size: float) -> Interval:
        """Return the error at a size with the 95 % interval of the law there."""
        return _interval(float(self.law.at(size)), [float(law.at(size)) for law in self.resampled])

    def along(self, sizes: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Return the errors at sizes, and the lower and upper bounds of their 95 % band, (sizes,) each."""
        errors = self.law.at(sizes)
        low, high = np.quantile([law.at(sizes) for law in self.resampled], [0.025, 0.975], axis=0)
        return errors, np.minimum(low, errors), np.maximum(high, errors)


class Forecast(NamedTuple):
    """What is expected at the end, and when that was known.

    Attributes
    ----------
    error : Interval
        The error at the end, forecast from all points.
    path : array, shape (points,)
        The forecast after each point; nan while there are too few.
    settled : int or None
        After how many points the forecasts first stay within the threshold of each other; None if they do not.
    """

    error: Interval
    path: Floats
    settled: int | None


def fit_power_law(sizes: ArrayLike, errors: ArrayLike, seed: int = 0, resamples: int = 200) -> PowerLawFit:
    """Fit E(n) = αn^β + γ by least squares of the relative residuals, with a residual bootstrap.

    For a given β the other two follow by linear least squares, so that one number is searched.

    Parameters
    ----------
    sizes, errors : array, shape (points,)
        Positive numbers.
    seed : int
        Seeds the bootstrap.
    resamples : int
        How often residuals are drawn anew.

    Raises
    ------
    UserError
        If there are fewer than four different sizes, or a number is not positive.

    Source: Hestness et al. 2017, Deep Learning Scaling is Predictable, Empirically, arXiv:1712.00409; Golub and
    Pereyra 1973 (separable least squares); Efron and Tibshirani 1993, section 9.4; Hesterberg 2015, What Teachers
    Should Know about the Bootstrap, arXiv:1411.5279 (expanded intervals).
    """
    x, y = _checked(sizes, errors)
    law = _fit(x, y)
    fitted = law.at(x)
    residuals = (y - fitted) / fitted
    freedom = len(x) - 3  # three numbers were fitted to them
    expansion = student.ppf(0.975, freedom) / norm.ppf(0.975)  # without it, intervals from few points are too narrow
    spread = residuals * np.sqrt(len(x) / freedom) * expansion
    rng = np.random.default_rng(seed)
    drawn = (np.maximum(1 + rng.choice(spread, len(x)), 1e-3) for _ in range(resamples))
    return PowerLawFit(law, tuple(_fit(x, fitted * factor) for factor in drawn), float(np.sqrt(np.mean(residuals**2))))


def crossings(first: PowerLaw, second: PowerLaw, low: float, high: float) -> tuple[float, ...]:
    """Return the sizes between two bounds at which the laws give the same error, in order."""

    def gap(logarithm: float) -> float:
        size = np.exp(logarithm)
        return float(first.at(size) - second.at(size))

    grid = np.linspace(np.log(low), np.log(high), 1001)
    gaps = first.at(np.exp(grid)) - second.at(np.exp(grid))
    roots = [brentq(gap, grid[i], grid[i + 1]) for i in np.flatnonzero(gaps[:-1] * gaps[1:] < 0)]
    return tuple(sorted({float(np.exp(root)) for root in [*roots, *grid[gaps == 0]]}))


def forecast(
    sizes: ArrayLike, errors: ArrayLike, final: float, threshold: float, patience: int = 3, seed: int = 0
) -> Forecast:
    """Forecast the error at ``final`` from the beginning of a curve, and say when that had settled.

    Parameters
    ----------
    sizes, errors : array, shape (points,)
        The curve so far, in order.
    final : float
        Where it ends.
    threshold : float
        How far apart forecasts may lie that count as settled, in units of the error.
    patience : int
        How many forecasts in a row must agree.
    seed : int
        Seeds the bootstrap.

    Raises
    ------
    UserError
        As `fit_power_law`.

    Source: Vilares, Darriba and Ribadas 2017, Modeling of learning curves with applications to pos tagging.
    """
    x, y = _checked(sizes, errors)
    path = np.full(len(x), np.nan)
    for count in range(_FEWEST, len(x) + 1):
        if len(np.unique(x[:count])) >= _FEWEST:
            path[count - 1] = _fit(x[:count], y[:count]).at(final)
    ends = (end for end in range(patience, len(x) + 1) if np.ptp(path[end - patience : end]) <= threshold)
    return Forecast(fit_power_law(x, y, seed).at(final), path, next(ends, None))


def _checked(sizes: ArrayLike, errors: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.asarray(sizes, np.float64), np.asarray(errors, np.float64)
    if not (np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)).all():
        raise UserError("A power law needs sizes and errors above 0.", "Leave out the points that are not.")
    if len(np.unique(x)) < _FEWEST:
        raise UserError(
            f"A power law needs {_FEWEST} different sizes, and there are {len(np.unique(x))}.", "Measure more models."
        )
    return x, y


def _fit(x: Floats, y: Floats) -> PowerLaw:
    middle = np.exp(np.log(x).mean())
    scaled = x / middle  # so that n^β neither vanishes nor overflows

    def loss(beta: float) -> float:
        return _linear(scaled, y, beta)[2]

    grid = -np.geomspace(-_FLATTEST, -_STEEPEST, _GRID)
    best = int(np.argmin([loss(beta) for beta in grid]))
    bounds = grid[min(best + 1, _GRID - 1)], grid[max(best - 1, 0)]
    beta = float(minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-9}).x)
    alpha, gamma, _ = _linear(scaled, y, beta)
    return PowerLaw(float(alpha * middle**-beta), beta, gamma)


def _linear(x: Floats, y: Floats, beta: float) -> tuple[float, float, float]:
    """Return the α and γ, not below 0, that fit best for a β, and the sum of their squared relative residuals."""
    power, one = x**beta / y, 1 / y
    a, b, c = power @ power, power @ one, one @ one
    p, q = power.sum(), one.sum()
    determinant = a * c - b * b
    alpha, gamma = ((c * p - b * q) / determinant, (a * q - b * p) / determinant) if determinant > 0 else (-1.0, 0.0)
    if alpha < 0:
        alpha, gamma = 0.0, q / c
    elif gamma < 0:
        alpha, gamma = p / a, 0.0
    return float(alpha), float(gamma), float(((alpha * power + gamma * one - 1) ** 2).sum())


def _interval(value: float, resampled: list[float]) -> Interval:
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Interval(value, float(min(low, value)), float(max(high, value)))
