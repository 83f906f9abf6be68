"""How few of several tests rank models as all of them do, and how often noise alone would let as few."""

from collections.abc import Iterator
from itertools import combinations, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .intervals import LEVEL, deviate

Floats = NDArray[np.float64]
Pairs = NDArray[np.bool_]
"""Which models (rows) are to be ranked before which others (columns), (models, models)."""

_AT_ONCE = 1 << 14  # subsets
_EQUAL = 1e-9  # accuracies nearer than that are the same


class Noise(NamedTuple):
    """What chance, in the choice of samples, adds to accuracies.

    Attributes
    ----------
    errors : array, shape (models, tests)
        Standard errors.
    shared : float
        Correlation of what is added to any two tests of a model, 0 to 1: all tests are of the same samples.
    """

    errors: Floats
    shared: float

    def of_means(self) -> Floats:
        """Return the standard error of each model's mean over the tests, (models,)."""
        apart, together = (self.errors**2).sum(axis=1), self.errors.sum(axis=1) ** 2
        return np.asarray(np.sqrt((1 - self.shared) * apart + self.shared * together) / self.errors.shape[1])


def noise_of(errors: Floats, of_means: Floats) -> Noise:
    """Return the noise of accuracies with these standard errors, (models, tests), and those of their means, (models,).

    The tests are correlated as much as makes the means' errors what they are.
    """
    apart, together = (errors**2).sum(axis=1), errors.sum(axis=1) ** 2
    span = np.maximum(together - apart, np.finfo(float).tiny)
    shared = ((of_means * errors.shape[1]) ** 2 - apart) / span
    return Noise(errors, float(np.clip(shared.mean(), 0, 1)))


def told_apart(accuracy: Floats, noise: Noise) -> Pairs:
    """Return which model's mean over the tests is above which other's by more than chance makes it.

    At 95 % for all pairs together (Bonferroni). Models are taken for independent, which is careful: on the same samples
    their accuracies rise and fall together.
    """
    whole, errors = accuracy.mean(axis=1), noise.of_means()
    pairs = max(len(whole) * (len(whole) - 1) // 2, 1)
    reach = deviate(1 - (1 - LEVEL) / pairs) * np.hypot(errors[:, None], errors)
    return np.asarray(whole[:, None] - whole > reach + _EQUAL)


def smallest_ranking_subset(accuracy: NDArray[np.floating], pairs: Pairs | None = None) -> tuple[int, ...]:
    """Return the fewest tests whose mean accuracy ranks the models as the mean over all tests does.

    Every subset of one size is tried before the next size. Of several it is the one whose means lie nearest to those
    of all tests. Models that all tests together do not tell apart may come in any order.

    Parameters
    ----------
    accuracy : array, shape (models, tests)
        At least one test; 20 tests take a second, and each further one twice as long.
    pairs : array of bool, shape (models, models), or None
        Which are to be ranked, of those that all tests rank so; None for all of these.

    Returns
    -------
    tuple of int
        Numbers of the tests, ascending.

    Raises
    ------
    ValueError
        If there are no models or no tests.
    """
    if accuracy.ndim != 2 or not accuracy.size:
        raise ValueError(f"accuracies have the shape (models, tests), not {accuracy.shape}")
    whole, tests = accuracy.mean(axis=1), accuracy.shape[1]
    ranked = whole[:, None] > whole + _EQUAL
    for size in range(1, tests):
        if found := _nearest(accuracy, ranked if pairs is None else ranked & pairs, size):
            return found
    return tuple(range(tests))


def ranked_by_noise(noise: Noise, accuracy: Floats, pairs: Pairs, size: int, draws: int, seed: int) -> int:
    """Return in how many draws as few tests, or fewer, rank equal models as all tests do.

    Each draw adds noise to models that do not differ. It ranks them, and the pairs of places in that ranking are looked
    at that ``pairs`` has in the ranking by ``accuracy``.

    Parameters
    ----------
    noise : Noise
        What is drawn, normal.
    accuracy : array, shape (models, tests)
        What ``pairs`` is of.
    pairs : array of bool, shape (models, models)
        As of `smallest_ranking_subset`.
    size : int
        Number of tests.
    draws, seed : int
        How often noise is drawn, and from which seed on.
    """
    order = np.argsort(-accuracy.mean(axis=1), kind="stable")
    places = pairs[np.ix_(order, order)]
    drawn = _drawn(noise, draws, seed)
    return sum(any(_nearest(one, places, few) for few in range(1, size + 1)) for one in drawn)


def ranked_by_noise_reference(noise: Noise, accuracy: Floats, pairs: Pairs, size: int, draws: int, seed: int) -> int:
    """Return `ranked_by_noise` by trying subsets and pairs one by one."""
    order = np.argsort(-accuracy.mean(axis=1), kind="stable")
    places = [(i, j) for i, first in enumerate(order) for j, second in enumerate(order) if pairs[first, second]]
    hits = 0
    for one in _drawn(noise, draws, seed):
        subsets = (chosen for few in range(1, size + 1) for chosen in combinations(range(one.shape[1]), few))
        means = (one[:, chosen].mean(axis=1) for chosen in subsets)
        hits += any(all(mean[i] > mean[j] + _EQUAL for i, j in places) for mean in means)
    return hits


def _drawn(noise: Noise, draws: int, seed: int) -> Iterator[Floats]:
    """Give accuracies of equal models, less their common one, the best first, (models, tests)."""
    rng = np.random.default_rng(seed)
    models, tests = noise.errors.shape
    for _ in range(draws):
        together, apart = rng.standard_normal((models, 1)), rng.standard_normal((models, tests))
        one = noise.errors * (np.sqrt(noise.shared) * together + np.sqrt(1 - noise.shared) * apart)
        yield one[np.argsort(-one.mean(axis=1))]


def _nearest(accuracy: NDArray[np.floating], pairs: Pairs, size: int) -> tuple[int, ...]:
    """Return the subset of a size that ranks the pairs and lies nearest to the whole; none where none ranks them."""
    whole, (better, worse) = accuracy.mean(axis=1), np.nonzero(pairs)
    best: tuple[float, tuple[int, ...]] = (np.inf, ())
    for subsets in _pieces(accuracy.shape[1], size):
        means = accuracy[:, subsets].mean(axis=2)
        kept = (means[better] > means[worse] + _EQUAL).all(axis=0)
        distance = np.where(kept, np.abs(means - whole[:, None]).sum(axis=0), np.inf)
        nearest = int(distance.argmin())
        best = min(best, (float(distance[nearest]), tuple(subsets[nearest].tolist())))
    return best[1] if np.isfinite(best[0]) else ()


def _pieces(tests: int, size: int) -> Iterator[NDArray[np.int64]]:
    """Give all subsets of one size, (subsets, size), some at a time."""
    subsets = combinations(range(tests), size)
    while piece := list(islice(subsets, _AT_ONCE)):
        yield np.array(piece)
