"""Intervals of means: against Student's and Hall's formulas, and their coverage."""

import numpy as np
import pytest
from scipy import stats

from graftwork.kernels.intervals.means import mean_interval

from .coverage import DRAWS, simulated


def test_without_skewness_it_is_students() -> None:
    values = np.array([-3.0, -1.0, 0.5, 1.5, 4.0, 6.0, 6.5, 8.5])
    mirrored = np.concatenate([values, 20 - values])
    found = mean_interval(mirrored)
    expected = stats.ttest_1samp(mirrored, 0).confidence_interval(0.95)
    assert found == pytest.approx((10, expected.low, expected.high))


def test_its_ends_are_students_after_halls_transformation() -> None:
    values = np.random.default_rng(0).exponential(size=25)
    found = mean_interval(values)
    assert found
    skew, size, reach = stats.skew(values), 25, stats.t.ppf(0.975, 24) / 5
    for end, transformed in ((found.low, reach), (found.high, -reach)):
        apart = (values.mean() - end) / values.std(ddof=1)
        assert apart + skew * apart**2 / 3 + skew**2 * apart**3 / 27 + skew / (6 * size) == pytest.approx(transformed)
    assert found.high - found.mean > found.mean - found.low


@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize("size", [5, 10, 20, 50, 100, 500])
def test_means_are_covered(kind: str, size: int) -> None:
    draw, truth = DRAWS[kind]
    rng = np.random.default_rng(size)
    found = simulated((mean_interval(draw(rng, size)), truth) for _ in range(600))
    assert found.probability > (0.92 if size >= 10 else 0.9)


def test_nothing_is_said_where_nothing_varies_or_is_no_number() -> None:
    for values in ([2.0], [2.0, 2.0, 2.0], [1.0, np.inf], [1.0, np.nan]):
        assert mean_interval(np.array(values)) is None
    with pytest.raises(ValueError, match="at least one"):
        mean_interval(np.zeros(0))
