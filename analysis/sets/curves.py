"""What fits give to be drawn: laws as curves over the models."""

import numpy as np

from ..fits.power_law import PowerLawFit
from . import FittedCurve, Table
from .table import Floats
from .wording import number, within

_PLACES = 64


def law_curve(table: Table, group: str, fit: PowerLawFit, sizes: Floats) -> FittedCurve:
    """Return a power law of errors from the least to the greatest of some sizes, in the units of y."""
    places = np.geomspace(sizes.min(), sizes.max(), _PLACES)
    y, *bounds = (table.of_error(errors) for errors in fit.along(places))
    return FittedCurve(
        group=group,
        words=_words(fit),
        x=tuple(places),
        y=tuple(y),
        low=tuple(np.minimum(*bounds)),
        high=tuple(np.maximum(*bounds)),
    )


def _words(fit: PowerLawFit) -> str:
    if fit.law.alpha == 0:
        return f"The error stays at {number(fit.law.gamma)}."
    return f"Error with exponent {within(fit.interval('beta'))}; {within(fit.interval('gamma'))} stays."
