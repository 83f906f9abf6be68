"""Accuracy on the smallest group of samples by that on the largest, over many models: on a line, or on a curve."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from ...kernels.intervals import LEVEL, Interval
from ..errors import UserError

Floats = NDArray[np.float64]

_FEWEST = 5  # points for the three numbers of a parabola
_ROUNDING = 1e-9  # of the range of y, within which coefficients are rounding


class SubpopulationFit(NamedTuple):
    """Least-squares fits of minority accuracy by majority accuracy.

    Attributes
    ----------
    slope, intercept : Interval
        The line's, with their 95 % intervals.
    line_r2, parabola_r2 : float
        Share of the variance that each explains, of these models.
    curvature : Interval
        The parabola's leading coefficient with its 95 % interval.
    """

    slope: Interval
    intercept: Interval
    line_r2: float
    parabola_r2: float
    curvature: Interval


def fit_subpopulations(majority: ArrayLike, minority: ArrayLike) -> SubpopulationFit:
    """Fit a line and a parabola to accuracies, (models,) each.

    Intervals are Student's of coefficients of least squares: models scatter about the curve independently, alike and
    normally, and majority accuracies are taken for exact. The paper sees the curve in plots, and gives no interval.

    Raises
    ------
    UserError
        If there are fewer than five models with different majority accuracies, minority accuracies are all equal, or
        one is not finite.

    Source: Liang et al. 2023, Accuracy on the Curve, arXiv:2305.02995; Draper and Smith 1998, Applied Regression
    Analysis, section 5.1 (the interval).
    """
    x, y = np.asarray(majority, np.float64), np.asarray(minority, np.float64)
    if not np.isfinite([x, y]).all():
        raise UserError("A curve over models needs numbers, and one is infinite.", "Leave out that model.")
    if len(np.unique(x)) < _FEWEST:
        raise UserError(f"A curve over models needs {_FEWEST} different accuracies.", "Measure more models.")
    if np.ptp(y) == 0:
        raise UserError("All models have the same y, which lies on any curve.", "Measure other models.")
    middle, span = float(x.mean()), float(np.ptp(x))  # powers of x itself would be alike where x is far from 0
    line, parabola = (_least_squares((x - middle) / span, y, degree) for degree in (1, 2))
    return SubpopulationFit(
        line.of([1 / span, 0]),
        line.of([-middle / span, 1]),
        line.explained,
        parabola.explained,
        parabola.of([1 / span**2, 0, 0]),
    )


class _Polynomial(NamedTuple):
    """Coefficients of the highest power first, their covariance, and what they were found from."""

    coefficients: Floats
    covariance: Floats
    freedom: int
    explained: float
    rounding: float

    def of(self, weights: ArrayLike) -> Interval:
        """Return a weighted sum of the coefficients with its interval."""
        by = np.asarray(weights, np.float64)
        value, error = float(by @ self.coefficients), float(np.sqrt(by @ self.covariance @ by))
        reach = float(stdtrit(self.freedom, (1 + LEVEL) / 2)) * error + self.rounding * float(np.abs(by).sum())
        return Interval(value, value - reach, value + reach)


def _least_squares(x: Floats, y: Floats, degree: int) -> _Polynomial:
    powers, freedom = np.vander(x, degree + 1), len(x) - degree - 1
    found: Floats = np.linalg.lstsq(powers, y, rcond=None)[0].astype(np.float64)
    squares, spread = float(((y - powers @ found) ** 2).sum()), float(((y - y.mean()) ** 2).sum())
    covariance: Floats = squares / freedom * np.linalg.pinv(powers.T @ powers).astype(np.float64)
    return _Polynomial(found, covariance, freedom, 1 - squares / spread, _ROUNDING * float(np.ptp(y)))
