"""Two models on the same samples: how often each is right where the other is wrong, and whether that is chance."""

from math import comb, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Interval, share_interval


class Contingency(NamedTuple):
    """How many samples both models have right, only the first, only the second, neither."""

    both: int
    first: int
    second: int
    neither: int

    @property
    def size(self) -> int:
        """Number of samples."""
        return sum(self)


class McNemar(NamedTuple):
    """Two-sided p-values of the hypothesis that either model is as often right where the other is wrong."""

    exact: float
    mid: float


class CarriedOver(NamedTuple):
    """Share of what only the teacher knew that was learnt, and of what only the student knew that was kept.

    Each has its 95 % bootstrap interval; it is None where nobody knew anything alone.
    """

    learnt: Interval | None
    kept: Interval | None


def contingency(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Contingency:
    """Return the 2 × 2 table of two models' correctness, each of shape (samples,)."""
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    both = int((first & second).sum())
    either = int((first | second).sum())
    return Contingency(both, int(first.sum()) - both, int(second.sum()) - both, len(first) - either)


def mcnemar(first: int, second: int) -> McNemar:
    """Return the p-values of the exact binomial test and of its mid-p variant.

    The exact test is conservative; the mid-p variant counts half of the probability of what was observed.

    Parameters
    ----------
    first, second : int
        Samples that only the first, and only the second model has right.

    Source: McNemar 1947; Fagerland, Lydersen and Laake 2013, The McNemar test for binary matched-pairs data: mid-p and
    asymptotic are better than exact conditional, BMC Medical Research Methodology 13:91.
    """
    count, smaller = first + second, min(first, second)
    logarithms = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, count + 1)))))
    below = logarithms[count] - logarithms[: smaller + 1] - logarithms[count - np.arange(smaller + 1)]
    masses = np.exp(below - count * log(2))
    return McNemar(min(1.0, 2 * float(masses.sum())), min(1.0, 2 * float(masses.sum()) - float(masses[-1])))


def mcnemar_reference(first: int, second: int) -> McNemar:
    """Return `mcnemar` with whole numbers."""
    count, smaller = first + second, min(first, second)
    tail = 2 * sum(comb(count, k) for k in range(smaller + 1))
    whole = 2**count
    return McNemar(min(1.0, tail / whole), min(1.0, (tail - comb(count, smaller)) / whole))


def difference_interval(table: Contingency, seed: int, level: float = 0.95, resamples: int = 1000) -> Interval:
    """Return the second model's accuracy less the first's, with its paired percentile bootstrap interval.

    Samples are resampled with both of their results. A resample's counts are multinomial, so they are drawn directly.

    Raises
    ------
    ValueError
        If there are no samples.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.
    """
    if not table.size:
        raise ValueError("a difference needs at least one sample")
    shares = np.array(table) / table.size
    drawn = np.random.default_rng(seed).multinomial(table.size, shares, resamples)
    low, high = np.quantile((drawn[:, 2] - drawn[:, 1]) / table.size, [(1 - level) / 2, (1 + level) / 2])
    return Interval((table.second - table.first) / table.size, float(low), float(high))


def difference_interval_reference(
    first: NDArray[np.bool_], second: NDArray[np.bool_], seed: int, level: float = 0.95, resamples: int = 1000
) -> Interval:
    """Return `difference_interval` by resampling the samples themselves."""
    apart = second.astype(float) - first.astype(float)
    rng = np.random.default_rng(seed)
    means = [apart[rng.integers(0, len(apart), len(apart))].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(apart.mean()), float(low), float(high))


def carried_over(
    before: NDArray[np.bool_], teacher: NDArray[np.bool_], after: NDArray[np.bool_], seed: int = 0
) -> CarriedOver:
    """Return how much of two models' complementary knowledge a student has after it learnt from a teacher.

    Parameters
    ----------
    before, teacher, after : array of bool, shape (samples,)
        Which samples the student had right before, the teacher has, and the student has now.
    seed : int
        Seeds the intervals.

    Source: Roth et al. 2024, Fantastic Gains and Where to Find Them, arXiv:2310.17653.
    """
    return CarriedOver(_share(after[teacher & ~before], seed), _share(after[before & ~teacher], seed))


def _share(hits: NDArray[np.bool_], seed: int) -> Interval | None:
    return share_interval(int(hits.sum()), len(hits), seed) if len(hits) else None
