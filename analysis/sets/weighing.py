"""Fits that look at single samples, and count alike those that their data set weighs."""

from collections.abc import Iterator

from ..trials import FitSpec
from ..weights import unweighed
from . import FITS


def remarks_on_fit(spec: FitSpec, data: str | None) -> Iterator[str]:
    """Say that a fit counts alike the samples of a data set of that name; None is one that does not weigh them."""
    fit = FITS.get(spec.fit)
    if data is not None and "correct" in fit.needs and not fit.weighs:
        yield unweighed(data, spec.fit)
