"""Interval of a mean over 10,000 samples: ours against the plain loop and scipy.stats.bootstrap."""

from functools import partial

import numpy as np
from scipy import stats
from timing import side_by_side

from graftwork.kernels.bootstrap import mean_interval, mean_interval_reference


def scipy_interval(values: np.ndarray) -> object:
    """Return scipy's percentile interval with as many resamples."""
    return stats.bootstrap((values,), np.mean, n_resamples=1000, method="percentile", random_state=0, batch=100)


def main() -> None:
    """Time them on zeros and ones, and on other numbers."""
    draws = np.random.default_rng(0)
    for title, values in {
        "right or wrong": (draws.random(10_000) < 0.9).astype(float),
        "numbers": draws.normal(size=10_000),
    }.items():
        print(f"10,000 samples, 1000 resamples: {title}")
        side_by_side(
            {
                "scipy.stats.bootstrap": partial(scipy_interval, values),
                "plain loop": partial(mean_interval_reference, values, 0),
                "graftwork": partial(mean_interval, values, 0),
            },
            runs=3,
        )


if __name__ == "__main__":
    main()
