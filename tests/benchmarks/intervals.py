"""What intervals of 95 % cover, and how wide they are, beside the percentile bootstrap of 1000 resamples.

Shares are summed over all outcomes, the bootstrap's bounds being quantiles of the binomial that it draws from; paired
differences are summed over all tables; the bootstrap of differences and of means is simulated, as means are. Weighted
shares and means are simulated, with weights that have nothing to do with the samples, and with some that have: a fifth
of the samples weigh ten times as much and are right less often. The bootstrap draws samples with their weights.
"""

import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from graftwork.kernels.intervals import Interval
from graftwork.kernels.intervals.means import mean_interval
from graftwork.kernels.intervals.paired import difference_bounds
from graftwork.kernels.intervals.shares import hits_interval, share_bounds
from tests.kernels.intervals.coverage import (
    DRAWS,
    RATES,
    SIZES,
    WEIGHTS,
    Covered,
    Draw,
    differences,
    of_share,
    simulated,
)

RESAMPLES, TRIALS = 1000, 400
Floats = NDArray[np.float64]
Pair = Callable[[np.random.Generator, int], tuple[Floats, Floats]]
"""Draws numbers with their weights."""


def shares(size: int) -> Iterator[tuple[str, Covered, Covered]]:
    """Give what shares of so many samples come to."""
    hits = np.arange(size + 1)
    own = share_bounds(hits, size)
    low, high = (stats.binom.ppf(level, size, hits / size) / size for level in (0.025, 0.975))
    for rate in RATES:
        yield f"{rate:g}", of_share(size, rate, own), of_share(size, rate, (low, high))


def paired(size: int) -> Iterator[tuple[str, Covered, Covered]]:
    """Give what paired differences come to, by the share told apart and how much of it one side has."""
    rng = np.random.default_rng(size)
    for told_apart, share, own in differences(size, lambda first, second: difference_bounds(first, second, size)):
        rates = np.array([told_apart * (1 - share), told_apart * share])
        drawn = rng.multinomial(size, [*rates, 1 - rates.sum()], TRIALS)
        rows = ((_difference(rng, table), rates[1] - rates[0]) for table in drawn)
        yield f"{told_apart:g}, {share:.0%} of it gained", own, simulated(rows)


def means(size: int) -> Iterator[tuple[str, Covered, Covered]]:
    """Give what means of so many numbers come to, by their distribution."""
    for kind, (draw, truth) in DRAWS.items():
        rng = np.random.default_rng(size)
        rows = [draw(rng, size) for _ in range(TRIALS)]
        own = simulated((mean_interval(row), truth) for row in rows)
        yield kind, own, simulated((_mean(rng, row), truth) for row in rows)


def weighted_shares(size: int) -> Iterator[tuple[str, Covered, Covered]]:
    """Give what weighted shares of so many samples come to, by their weights and how often samples are right."""
    for kind, rate in product((*WEIGHTS, "a fifth tenfold, and worse"), (0.5, 0.8, 0.9, 0.95, 0.99)):
        rng, worse = np.random.default_rng(size), rate - (rate - 0.5) / 2
        draw = _shares(rate, WEIGHTS[kind]) if kind in WEIGHTS else _strata(rate, worse)
        rows = [draw(rng, size) for _ in range(TRIALS)]
        truth = rate if kind in WEIGHTS else (2 * worse + 0.8 * rate) / 2.8
        own = simulated((hits_interval(hits > 0, weights), truth) for hits, weights in rows)
        yield f"{kind}, {rate:g}", own, simulated((_weighted(rng, *row), truth) for row in rows)


def weighted_means(size: int) -> Iterator[tuple[str, Covered, Covered]]:
    """Give what weighted means of so many numbers come to, by their distribution and their weights."""
    for kind, (numbers, (draw, truth)) in product(WEIGHTS, DRAWS.items()):
        rng = np.random.default_rng(size)
        rows = [(draw(rng, size), WEIGHTS[kind](rng, size)) for _ in range(TRIALS)]
        own = simulated((mean_interval(*row), truth) for row in rows)
        yield f"{numbers}, {kind}", own, simulated((_weighted(rng, *row), truth) for row in rows)


def _shares(rate: float, weights: Draw) -> Pair:
    return lambda rng, size: ((rng.random(size) < rate).astype(np.float64), weights(rng, size))


def _strata(rate: float, worse: float) -> Pair:
    def draw(rng: np.random.Generator, size: int) -> tuple[Floats, Floats]:
        heavy = rng.random(size) < 0.2
        hits = rng.random(size) < np.where(heavy, worse, rate)
        return hits.astype(np.float64), np.where(heavy, 10.0, 1.0)

    return draw


def _weighted(rng: np.random.Generator, values: Floats, weights: Floats) -> Interval:
    drawn = rng.integers(0, len(values), (RESAMPLES, len(values)))
    resampled = (values * weights)[drawn].sum(axis=1) / weights[drawn].sum(axis=1)
    return _percentile(np.average(values, weights=weights), resampled)


def _difference(rng: np.random.Generator, table: NDArray[np.int64]) -> Interval:
    size = int(table.sum())
    drawn = rng.multinomial(size, table / size, RESAMPLES)
    return _percentile((table[1] - table[0]) / size, (drawn[:, 1] - drawn[:, 0]) / size)


def _mean(rng: np.random.Generator, values: Floats) -> Interval:
    return _percentile(values.mean(), values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1))


def _percentile(value: float, resampled: Floats) -> Interval:
    return Interval(float(value), *(float(bound) for bound in np.quantile(resampled, [0.025, 0.975])))


def main() -> None:
    """Print a table for each kind, and the least and the mean coverage."""
    for kind in (shares, paired, means, weighted_shares, weighted_means):
        print(f"{kind.__name__:15} {'':30} {'covered':>8} {'width':>8}   bootstrap {'width':>8}")
        found = [(size, *row) for size in SIZES for row in kind(size)]
        for size, what, own, old in found:
            told = f"{own.probability:8.3f} {own.width:8.4f}   {old.probability:9.3f} {old.width:8.4f}"
            print(f"{size:15,} {what:30} {told}", flush=True)
        probabilities = np.array([(own.probability, old.probability) for *_, own, old in found])
        for title, row in (("least", probabilities.min(axis=0)), ("mean", probabilities.mean(axis=0))):
            print(f"{title:46} {row[0]:8.3f} {'':8}   {row[1]:9.3f}")


if __name__ == "__main__":
    main()
