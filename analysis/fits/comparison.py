"""Two power laws beside each other: whether they can be told apart, and where they cross."""

from typing import NamedTuple

import numpy as np

from ...kernels.bootstrap import Interval
from .power_law import Floats, PowerLaw, PowerLawFit, crossings

_PLACES = 41
_LEVEL = 0.95
_NOTHING = 1e-9  # a spread below this share of the error is rounding


class Comparison(NamedTuple):
    """What tells a second law from a first between two sizes.

    Attributes
    ----------
    distinguishable : bool
        Whether the simultaneous 95 % band of their difference leaves zero anywhere.
    lower : float
        Share of the range, on a logarithmic scale, in which the second has the lower error.
    crossing : Interval or None
        The first size at which they give the same error, if they do, with its 95 % interval.
    crossed : float
        Share of the resampled pairs that cross.
    """

    distinguishable: bool
    lower: float
    crossing: Interval | None
    crossed: float


def compare(first: PowerLawFit, second: PowerLawFit, low: float, high: float) -> Comparison:
    """Compare two laws between two sizes, 0 < ``low`` < ``high``.

    The band is of the studentised largest deviation over the range, so that looking at many sizes does not make a
    difference of chance.

    Source: Davison and Hinkley 1997, Bootstrap Methods and their Application, section 4.2.4 (simultaneous envelopes).
    """
    sizes = np.geomspace(low, high, _PLACES)
    gap = second.law.at(sizes) - first.law.at(sizes)
    pairs = list(zip(first.resampled, second.resampled, strict=True))
    drawn = np.array([other.at(sizes) - own.at(sizes) for own, other in pairs])
    return Comparison(
        bool((np.abs(gap) > _band(gap, drawn, first.law.at(sizes))).any()),
        float((gap < 0).mean()),
        *_crossing(first.law, second.law, pairs, low, high),
    )


def _band(gap: Floats, drawn: Floats, errors: Floats) -> Floats:
    """Return half the width of the band at each size."""
    spread = np.maximum(drawn.std(axis=0), _NOTHING * errors)
    largest = (np.abs(drawn - gap) / spread).max(axis=1)
    band: Floats = np.quantile(largest, _LEVEL) * spread
    return band


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
