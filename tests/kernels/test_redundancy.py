from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from graftwork.kernels.redundancy import error_correlation


def test_weighted_correlations_are_those_of_samples_that_are_there_so_often() -> None:
    rng = np.random.default_rng(0)
    errors, times = rng.random((30, 4)), rng.integers(0, 4, 30)
    expected = np.corrcoef(np.repeat(errors, times, axis=0).T)
    np.testing.assert_allclose(error_correlation(errors, times / 3), expected, atol=1e-12)


def test_correlation_equals_that_of_scipy() -> None:
    errors = np.random.default_rng(0).integers(0, 6, (200, 4)) / 5
    found = error_correlation(errors)
    for i, j in combinations(range(4), 2):
        assert found[i, j] == pytest.approx(stats.pearsonr(errors[:, i], errors[:, j]).statistic)
        assert found[i, j] == found[j, i]
    np.testing.assert_allclose(found.diagonal(), 1)


def test_a_test_that_all_samples_pass_correlates_with_none() -> None:
    errors = np.array([[0, 0.2, 0.7], [0, 1, 0.7], [0, 0.4, 0.7]])
    assert np.isnan(error_correlation(errors)[[0, 2]]).all()
    assert error_correlation(errors)[1, 1] == pytest.approx(1)
