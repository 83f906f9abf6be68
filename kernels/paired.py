"""Two models on the same samples: how often each is right where the other is wrong, and whether that is chance."""

from math import comb, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .intervals import Interval
from .intervals.shares import hits_interval


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

    Each has its 95 % interval; it is None where nobody knew anything alone.
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


def carried_over(
    before: NDArray[np.bool_],
    teacher: NDArray[np.bool_],
    after: NDArray[np.bool_],
    weights: NDArray[np.float64] | None = None,
) -> CarriedOver:
    """Return how much of two models' complementary knowledge a student has after it learnt from a teacher.

    Parameters
    ----------
    before, teacher, after : array of bool, shape (samples,)
        Which samples the student had right before, the teacher has, and the student has now.
    weights : array, shape (samples,), or None
        Of the samples, 0 and above.

    Source: Roth et al. 2024, Fantastic Gains and Where to Find Them, arXiv:2310.17653.
    """
    return CarriedOver(*(hits_interval(after, weights, only) for only in (teacher & ~before, before & ~teacher)))
