"""How sure values are: the intervals of what was tried, and of how much worse it is than the reference."""

from collections.abc import Callable, Sequence
from math import hypot
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...kernels.intervals import Interval
from ...kernels.intervals.means import mean_interval
from ...kernels.intervals.paired import paired_interval
from ..columns import read_column
from ..weights import WEIGHT, Weights, relative
from ..workspace import Workspace

Samples = Callable[[NDArray[np.generic], Weights], Interval | None]
"""The interval of a mean over samples, which may be weighted."""
_SAMPLED: dict[str, tuple[str, Samples]] = {"accuracy": ("correct", paired_interval), "loss": ("loss", mean_interval)}
"""The columns whose means are the values of measures, and the intervals of their differences."""


class Difference(NamedTuple):
    """A value less the reference's, with its interval; ``paired`` where it comes from both values of each sample."""

    interval: Interval
    paired: bool


class Certainty(Protocol):
    """Tells the 95 % intervals of means over trials; None where one of them has none."""

    def interval(self, trials: Sequence[str], measure: str) -> Interval | None:
        """Return the mean over trials with its interval."""
        ...

    def difference(self, reference: Sequence[str], trials: Sequence[str], measure: str) -> Difference | None:
        """Return the mean over trials less that over the reference's."""
        ...


class Unknown:
    """Knows of no interval."""

    def interval(self, trials: Sequence[str], measure: str) -> Interval | None:
        """Return None."""

    def difference(self, reference: Sequence[str], trials: Sequence[str], measure: str) -> Difference | None:
        """Return None."""


UNKNOWN: Certainty = Unknown()


class Recorded:
    """What a workspace tells of a search's trials.

    Parameters
    ----------
    space : Workspace
        Open.
    search : str
        The search's identity.
    """

    def __init__(self, space: Workspace, search: str) -> None:
        self._intervals = space.search_intervals(search)
        self._trials = {trial.identity: trial.spec for trial in space.trials()}
        self._files = {(column.model, column.data, column.name): column.path for column in space.columns()}

    def interval(self, trials: Sequence[str], measure: str) -> Interval | None:
        """Return the mean over trials with the mean ends of their intervals: they may well err together."""
        known = [self._intervals.get(trial, {}).get(measure) for trial in trials]
        found = [each for each in known if each is not None]
        if not found or len(found) < len(known):
            return None
        return Interval(*(float(part) for part in np.mean(found, axis=0)))

    def difference(self, reference: Sequence[str], trials: Sequence[str], measure: str) -> Difference | None:
        """Return the paired difference where every sample's values were kept, otherwise that of the intervals.

        None also where every sample's values differ by the same, so that nothing tells how far others would.

        Source: Zou and Donner 2008, Construction of confidence limits about effect measures, Statistics in Medicine
        27:1693, equation 7.
        """
        ours, theirs = self._samples(trials, measure), self._samples(reference, measure)
        if ours is not None and theirs is not None and len(ours) == len(theirs):
            _, interval = _SAMPLED[measure]
            paired = _paired(interval, ours - theirs, self._weights(trials))
            return Difference(paired, paired=True) if paired else None
        one, other = self.interval(trials, measure), self.interval(reference, measure)
        return Difference(independent_difference(one, other), paired=False) if one and other else None

    def _samples(self, trials: Sequence[str], measure: str) -> NDArray[np.float64] | None:
        """Return every sample's mean over the trials, (samples,)."""
        column, _ = _SAMPLED.get(measure, ("", None))
        files = [self._file(trial, column) for trial in trials]
        known = [read_column(file, column) for file in files if file]
        return np.asarray(np.mean(known, axis=0, dtype=np.float64)) if known and len(known) == len(files) else None

    def _weights(self, trials: Sequence[str]) -> Weights:
        file = self._file(trials[0], WEIGHT)
        return relative(read_column(file, WEIGHT)) if file else None

    def _file(self, trial: str, column: str) -> Path | None:
        spec = self._trials[trial]
        return self._files.get((spec.model.identity, spec.data.identity, column)) if spec.data else None


def _paired(interval: Samples, apart: NDArray[np.float64], weights: Weights) -> Interval | None:
    return interval(apart, None) if weights is None else interval(apart[weights > 0], weights[weights > 0])


def independent_difference(one: Interval, other: Interval) -> Interval:
    """Return one mean less another, with an interval that takes them as independent."""
    mean = one.mean - other.mean
    below = hypot(one.mean - one.low, other.high - other.mean)
    above = hypot(one.high - one.mean, other.mean - other.low)
    return Interval(mean, mean - below, mean + above)
