"""Density: how large a dense model would have to be to do as well as a variant."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...kernels.intervals import Interval
from .drawn import drawn
from .power_law import PowerLawFit, fit_power_law


class Density(NamedTuple):
    """Effective size, and that over the actual size, each with its 95 % interval.

    A variant that is better than the dense models' limit has an infinite effective size.
    """

    effective: Interval
    density: Interval


def reference_curve(sizes: ArrayLike, errors: ArrayLike, seed: int = 0) -> PowerLawFit:
    """Fit the curve of the dense models: their errors, (models,), by their sizes.

    Raises
    ------
    UserError
        If there are fewer than four different sizes, or a number is not positive.

    Source: Xiao et al. 2024, Densing Law of LLMs, arXiv:2412.04315.
    """
    return fit_power_law(sizes, errors, seed)


def density(curve: PowerLawFit, size: float, error: Interval, seed: int = 0) -> Density:
    """Return the size at which dense models have a variant's error, and how much that is of the variant's own size.

    The error is drawn anew with each of the curve's resamples, as far to either side as its own interval reaches.
    """
    effective = curve.law.size_for(error.mean)
    drawn_errors = drawn(error, len(curve.resampled), np.random.default_rng(seed))
    pairs = zip(curve.resampled, drawn_errors, strict=True)
    low, high = _range([law.size_for(each) for law, each in pairs])
    bounds = min(low, effective), max(high, effective)
    return Density(Interval(effective, *bounds), Interval(effective / size, bounds[0] / size, bounds[1] / size))


def _range(sizes: list[float]) -> tuple[float, float]:
    """Return the 2.5 % and 97.5 % quantiles; some sizes may be infinite, so none are averaged."""
    ordered = np.sort(sizes)
    low, high = (round(share * (len(ordered) - 1)) for share in (0.025, 0.975))
    return float(ordered[low]), float(ordered[high])
