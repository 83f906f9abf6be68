"""Bootstrap intervals of a mean over samples (Efron and Tibshirani 1993, chapter 13: the percentile interval)."""

import numpy as np
from numpy.typing import NDArray

_CHUNK_ELEMENTS = 1 << 22


def mean_interval(
    values: NDArray[np.generic], seed: int = 0, resamples: int = 2000, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the mean of ``values``, (samples,), and the bounds of its percentile interval.

    Values that are 0 or 1 are resampled by their count, which is exactly binomial.

    Raises
    ------
    ValueError
        If there are no values.
    """
    if len(values) == 0:
        raise ValueError("a mean needs at least one value")
    data = np.asarray(values, dtype=np.float64)
    mean = float(data.mean())
    random = np.random.default_rng(seed)
    if np.isin(data, (0.0, 1.0)).all():
        means = random.binomial(len(data), mean, resamples) / len(data)
    else:
        means = _resampled_means(data, random, resamples)
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2))
    return mean, float(low), float(high)


def _resampled_means(data: NDArray[np.float64], random: np.random.Generator, resamples: int) -> NDArray[np.float64]:
    rows = max(1, _CHUNK_ELEMENTS // len(data))
    means = [
        data[random.integers(0, len(data), (min(rows, resamples - first), len(data)))].mean(1)
        for first in range(0, resamples, rows)
    ]
    return np.concatenate(means)


def mean_interval_reference(
    values: NDArray[np.generic], seed: int = 0, resamples: int = 2000, level: float = 0.95
) -> tuple[float, float, float]:
    """Return `mean_interval`, one resample after another, whatever the values are."""
    random = np.random.default_rng(seed)
    data = np.asarray(values, dtype=np.float64)
    means = sorted(float(np.mean(random.choice(data, len(data)))) for _ in range(resamples))
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2))
    return float(data.mean()), float(low), float(high)
