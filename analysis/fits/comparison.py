"""Two power laws beside each other: whether they can be told apart, and where they cross."""

from typing import NamedTuple

import numpy as np
from scipy.stats import f

from ...kernels.intervals import Interval
from .power_law import Floats, PowerLaw, PowerLawFit, crossings, fit_power_law

_NUMBERS = 3  # of a law
_PLACES = 41
_ROUNDING = 1e-12  # squared relative residuals below this are rounding


class Curve(NamedTuple):
    """Sizes and errors, each of shape (points,), and the law that was fitted to them."""

    sizes: Floats
    errors: Floats
    fit: PowerLawFit


class Comparison(NamedTuple):
    """What tells a second law from a first between two sizes.

    Attributes
    ----------
    p : float
        That one law would fit both as much worse as it does, were there but one.
    lower : float
        Share of the range, on a logarithmic scale, in which the second has the lower error.
    crossing : Interval or None
        The first size at which they give the same error, if they do, with its 95 % interval.
    crossed : float
        Share of the resampled pairs that cross.
    """

    p: float
    lower: float
    crossing: Interval | None
    crossed: float


def compare(first: Curve, second: Curve, low: float, high: float) -> Comparison:
    """Compare two laws, each fitted to four points or more, between two sizes, 0 < ``low`` < ``high``.

    The p-value is that of the extra sum of squares, F test, of the relative residuals, which are taken to scatter alike
    about both laws; it is approximate where a number of a law lies at a bound.

    Source: Bates and Watts 1988, Nonlinear Regression Analysis and Its Applications, chapter 3 (nested models).
    """
    sizes = np.geomspace(low, high, _PLACES)
    own, other = first.fit.law, second.fit.law
    pairs = list(zip(first.fit.resampled, second.fit.resampled, strict=True))
    lower = float((other.at(sizes) < own.at(sizes)).mean())
    return Comparison(_p_of_one_law(first, second), lower, *_crossing(own, other, pairs, low, high))


def _p_of_one_law(first: Curve, second: Curve) -> float:
    sizes, errors = np.concatenate([first.sizes, second.sizes]), np.concatenate([first.errors, second.errors])
    one = _squares(fit_power_law(sizes, errors, resamples=1).law, sizes, errors)
    two = sum(_squares(curve.fit.law, curve.sizes, curve.errors) for curve in (first, second))
    freedom = len(sizes) - 2 * _NUMBERS
    extra = max(one - two, 0) / _NUMBERS
    return float(f.sf(extra / max(two / freedom, _ROUNDING), _NUMBERS, freedom))


def _squares(law: PowerLaw, sizes: Floats, errors: Floats) -> float:
    return float(((law.at(sizes) / errors - 1) ** 2).sum())


def _crossing(
    first: PowerLaw, second: PowerLaw, pairs: list[tuple[PowerLaw, PowerLaw]], low: float, high: float
) -> tuple[Interval | None, float]:
    own = crossings(first, second, low, high)
    drawn = [found[0] for pair in pairs if (found := crossings(*pair, low, high))]
    share = len(drawn) / len(pairs)
    if not own:
        return None, share
    bounds = np.quantile([*drawn, own[0]], [0.025, 0.975])
    return Interval(own[0], float(min(bounds[0], own[0])), float(max(bounds[1], own[0]))), share
