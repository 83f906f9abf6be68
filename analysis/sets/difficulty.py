"""Accuracy by size, extrapolated from the samples whose difficulty follows a law."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ...kernels.packed import unpack
from ..catalogue import Quantity
from ..errors import UserError
from ..fits.difficulty import fit_difficulty, forecast_interval, misses
from ..registry import parameter
from . import FITS, Parameters, Remark, Table, Value
from .table import Floats
from .wording import interval_value, number, outside

_ID = "fit.difficulty"
_FEWEST = 4  # sizes for a law
_NEEDED = _FEWEST + 1  # of which the largest checks it


class DifficultyParameters(Parameters):
    """Parameters of the extrapolation by difficulty."""

    at: float | None = parameter(None, "Forecast the accuracy at this x.", gt=0)
    clusters: int = parameter(5, "At most so many groups of samples.", ge=1, le=100)
    tolerance: float = parameter(0.05, "How far a predictable group's law may miss.", unit="fraction", gt=0, lt=1)
    seed: int = parameter(0, "Seeds the clustering.", ge=0)


@FITS.register(
    _ID,
    title="Extrapolation by difficulty",
    citation="Xu et al. 2025, Unveiling Downstream Performance Scaling of LLMs: A Clustering-Based Perspective",
    needs=("correct",),
    version=3,
    quantities=(
        Quantity(name=f"{_ID}.predictable", title="Samples in groups whose accuracy follows a law", unit="fraction"),
        Quantity(name=f"{_ID}.forecast", title="Forecast accuracy", unit="fraction", better="higher"),
        Quantity(name=f"{_ID}.miss", title="Miss at the largest size, from the smaller ones", unit="fraction"),
    ),
)
def difficulty(table: Table, parameters: DifficultyParameters) -> Iterator[Value | Remark]:
    """Cluster samples by which models have them right, and follow the predictable clusters by x.

    Models of one size count as attempts of one model. Where there are enough sizes, the largest is left out and
    forecast from the others: how far that misses is what an extrapolation of this set is worth, and what makes the
    interval of a forecast, which is not given without.

    In the paper clusters come from mean shift, accuracies follow an exponential law of compute that begins at a guess,
    and the map from the predictable samples to all ends where both are right. Here they are k-means clusters, their
    errors follow a power law of x, and the map is a line that presumes no end.

    Raises
    ------
    UserError
        If there are fewer than four sizes with kept samples, or no group of samples follows a law.
    """
    sizes, rates = _rates(table)
    chosen = (parameters.clusters, parameters.tolerance, parameters.seed)
    found = fit_difficulty(sizes, rates, *chosen)
    share = float(found.predictable[found.cluster].mean())
    yield Value(measure=f"{_ID}.predictable", value=share, unit="fraction")
    yield Remark(f"{share:.0%} of the samples are in groups whose accuracy follows a law of {table.x}.")
    missed = misses(sizes, rates, *chosen)
    if parameters.at is not None and missed:
        expected = forecast_interval(found, sizes, missed, parameters.at)
        yield interval_value(f"{_ID}.forecast", expected, "fraction")
        told = f"{expected.mean:.2%} ({expected.low:.2%} to {expected.high:.2%})"
        place = f"{table.x} = {number(parameters.at)}{outside(sizes, parameters.at)}"
        yield Remark(f"At {place} the accuracy is forecast as {told}.")
    yield from _check(sizes, missed)


def _check(sizes: Floats, missed: Mapping[int, float]) -> Iterator[Value | Remark]:
    """Say what is known of forecasts of the largest size from the others."""
    miss = missed.get(len(sizes) - 1)
    if len(sizes) < _NEEDED:
        yield Remark(f"There are {len(sizes)} sizes, and {_NEEDED} are needed to check a forecast; none is given.")
    elif not missed:
        yield Remark("No forecast can be checked, and none is given: the smaller sizes follow no law.")
    elif miss is not None:
        yield Value(measure=f"{_ID}.miss", value=miss, unit="fraction")
        yield Remark(f"From the smaller sizes, the accuracy at the largest is missed by {100 * miss:+.2f} points.")


def _rates(table: Table) -> tuple[Floats, Floats]:
    """Return the different sizes, (sizes,), and how often each has each sample right, (sizes, samples)."""
    kept = table.correctness
    places = {model: place for place, model in enumerate(kept.models)} if kept else {}
    members = tuple(m for m in table.members if m.identity in places)
    if kept is None or not members:
        raise UserError(
            "What the models have right of every sample was not kept.", 'Measure "accuracy" of them, and fit it again.'
        )
    x = table.numbers("x", members)
    known = ~np.isnan(x)
    sizes, place = np.unique(x[known], return_inverse=True)
    if len(sizes) < _FEWEST:
        raise UserError(
            f"An extrapolation by difficulty needs {_FEWEST} different sizes, and there are {len(sizes)}.",
            "Measure more models.",
        )
    rows = np.array([places[m.identity] for m in members])[known]
    right: NDArray[np.bool_] = unpack(kept.rows[rows], kept.samples)
    return sizes, np.stack([right[place == number].mean(axis=0) for number in range(len(sizes))])
