"""Accuracy on the smallest group of samples by that on the largest, over many models: on a line, or on a curve."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from ...kernels.intervals import LEVEL, Interval
from ..errors import UserError

_FEWEST = 5  # points for the three numbers of a parabola


class SubpopulationFit(NamedTuple):
    """Least-squares fits, coefficients of the highest power first.

    Attributes
    ----------
    line, parabola : tuple of float
        Of minority accuracy by majority accuracy.
    line_r2, parabola_r2 : float
        Share of the variance that each explains.
    curvature : Interval
        The parabola's leading coefficient with its 95 % interval; a clear one hints at a spurious feature.
    """

    line: tuple[float, ...]
    parabola: tuple[float, ...]
    line_r2: float
    parabola_r2: float
    curvature: Interval


def fit_subpopulations(majority: ArrayLike, minority: ArrayLike) -> SubpopulationFit:
    """Fit a line and a parabola to accuracies, (models,) each.

    Raises
    ------
    UserError
        If there are fewer than five models with different majority accuracies.

    Source: Liang et al. 2023, Accuracy on the Curve, arXiv:2305.02995; Draper and Smith 1998, Applied Regression
    Analysis, section 5.1 (the interval).
    """
    x, y = np.asarray(majority, np.float64), np.asarray(minority, np.float64)
    if len(np.unique(x)) < _FEWEST:
        raise UserError(f"A curve over models needs {_FEWEST} different accuracies.", "Measure more models.")
    line, parabola = (_polynomial(x, y, degree) for degree in (1, 2))
    explained = _explained(line, x, y), _explained(parabola, x, y)
    return SubpopulationFit(line, parabola, *explained, _curvature(parabola, x, y))


def _curvature(parabola: tuple[float, ...], x: NDArray[np.float64], y: NDArray[np.float64]) -> Interval:
    """Return the leading coefficient with Student's interval of a coefficient of least squares."""
    powers, freedom = np.vander(x, len(parabola)), len(x) - len(parabola)
    variance = ((y - powers @ parabola) ** 2).sum() / freedom
    error = float(np.sqrt(variance * np.linalg.pinv(powers.T @ powers)[0, 0]))
    reach = float(stdtrit(freedom, (1 + LEVEL) / 2)) * error
    return Interval(parabola[0], parabola[0] - reach, parabola[0] + reach)


def _polynomial(x: NDArray[np.float64], y: NDArray[np.float64], degree: int) -> tuple[float, ...]:
    return tuple(float(c) for c in np.linalg.lstsq(np.vander(x, degree + 1), y, rcond=None)[0])


def _explained(coefficients: tuple[float, ...], x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    spread = ((y - y.mean()) ** 2).sum()
    return float(1 - ((y - np.polyval(coefficients, x)) ** 2).sum() / spread) if spread > 0 else 1.0
