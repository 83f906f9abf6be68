from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from graftwork.kernels.redundancy import error_correlation, smallest_ranking_subset


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


def one_by_one(accuracy: NDArray[np.float64]) -> set[tuple[int, ...]]:
    """Return all smallest subsets whose means rank distinct models as the whole does."""
    ranks = stats.rankdata(accuracy.mean(1))
    for size in range(1, accuracy.shape[1] + 1):
        found = {
            subset
            for subset in combinations(range(accuracy.shape[1]), size)
            if (stats.rankdata(accuracy[:, list(subset)].mean(1)) == ranks).all()
        }
        if found:
            return found
    raise AssertionError("the whole ranks as itself")


@pytest.mark.parametrize("seed", range(20))
def test_the_subset_is_one_of_the_smallest(seed: int) -> None:
    accuracy = np.random.default_rng(seed).random((5, 8))
    assert smallest_ranking_subset(accuracy) in one_by_one(accuracy)


def test_of_equally_small_ones_the_nearest_to_the_whole_is_taken() -> None:
    accuracy = np.array([[0.9, 0.7, 0.5], [0.8, 0.5, 0.2]])  # each ranks; the second lies at the means
    assert smallest_ranking_subset(accuracy) == (1,)


def test_all_tests_are_kept_where_none_can_go() -> None:
    assert smallest_ranking_subset(np.array([[1.0, 0.0], [0.0, 0.9], [0.4, 0.4]])) == (0, 1)


def test_models_that_do_as_well_may_come_in_any_order() -> None:
    accuracy = np.array([[0.2, 0.4], [0.4, 0.2], [0.1, 0.1]])
    assert smallest_ranking_subset(accuracy) in {(0,), (1,)}


def test_one_model_needs_one_test() -> None:
    assert smallest_ranking_subset(np.array([[0.1, 0.5, 0.9]])) == (1,)


def test_without_models_or_tests_there_is_nothing_to_rank() -> None:
    for shape in ((0, 3), (3, 0)):
        with pytest.raises(ValueError, match="models, tests"):
            smallest_ranking_subset(np.zeros(shape))
