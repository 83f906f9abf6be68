"""Fewest tests that rank models as all do: against trying all one by one, and how often noise would let as few."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from graftwork.kernels.subsets import (
    Noise,
    noise_of,
    ranked_by_noise,
    ranked_by_noise_reference,
    smallest_ranking_subset,
    told_apart,
)


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


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def all_pairs(accuracy: NDArray[np.float64]) -> NDArray[np.bool_]:
    whole = accuracy.mean(axis=1)
    return np.asarray(whole[:, None] > whole)


def test_pairs_that_need_no_order_let_fewer_tests_do() -> None:
    accuracy = np.array([[1.0, 0.0], [0.0, 0.9], [0.4, 0.4]])
    pairs = np.zeros((3, 3), bool)
    pairs[0, 2] = True
    assert smallest_ranking_subset(accuracy, pairs) == (0,)


@pytest.mark.parametrize("shared", [0.0, 0.3, 1.0])
def test_noise_is_as_correlated_as_the_means_say(shared: float, rng: np.random.Generator) -> None:
    errors = rng.uniform(0.01, 0.03, (4, 6))
    covariance = np.where(np.eye(6, dtype=bool), 1, shared) * errors[:, :, None] * errors[:, None, :]
    of_means = np.sqrt(covariance.sum(axis=(1, 2))) / 6
    found = noise_of(errors, of_means)
    assert found.shared == pytest.approx(shared)
    np.testing.assert_allclose(found.of_means(), of_means)


@pytest.mark.parametrize("shared", [0.0, 0.8])
def test_equal_models_are_rarely_told_apart_and_others_are(shared: float, rng: np.random.Generator) -> None:
    noise = Noise(np.full((5, 8), 0.02), shared)
    covariance = 0.02**2 * np.where(np.eye(8, dtype=bool), 1, shared)
    equal = rng.multivariate_normal(np.full(8, 0.6), covariance, (500, 5))
    assert np.mean([told_apart(one, noise).any() for one in equal]) < 0.07
    apart = told_apart(equal[0] + 0.2 * np.arange(5)[:, None], noise)
    np.testing.assert_array_equal(apart, np.tri(5, k=-1, dtype=bool))


@pytest.mark.parametrize("shared", [0.0, 0.5])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_chance_is_that_of_trying_all_one_by_one(shared: float, size: int, rng: np.random.Generator) -> None:
    accuracy, noise = rng.random((4, 5)), Noise(rng.uniform(0.01, 0.03, (4, 5)), shared)
    pairs = all_pairs(accuracy)
    pairs[accuracy.mean(axis=1).argmax()] = False
    told = (noise, accuracy, pairs, size, 30, 3)
    assert ranked_by_noise(*told) == ranked_by_noise_reference(*told)


def test_chance_of_one_of_many_tests_for_three_equal_models() -> None:
    noise, accuracy = Noise(np.full((3, 15), 0.015), 0.0), np.arange(45.0).reshape(3, 15)
    assert ranked_by_noise(noise, accuracy, all_pairs(accuracy), 1, 200, 0) > 190


def counted(rng: np.random.Generator, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return accuracies of 4 equal models on 1,000 samples under tests of these difficulties."""
    return rng.binomial(1000, rates, (4, len(rates))) / 1000


def of_shared_samples(rng: np.random.Generator, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the same where a model that is lucky with its samples is so under every test."""
    luck = np.where(rng.random((4, 1000, 1)) < 0.5, rng.random((4, 1000, 1)), rng.random((4, 1000, len(rates))))
    return np.asarray((luck < rates).mean(axis=1))


@pytest.mark.parametrize(("draw", "shared"), [(counted, 0.0), (of_shared_samples, 0.5)])
def test_chance_is_how_often_equal_models_are_ranked_by_as_few(
    draw: Callable[..., NDArray[np.float64]], shared: float, rng: np.random.Generator
) -> None:
    rates = np.linspace(0.5, 0.7, 5)
    sizes = np.array([len(smallest_ranking_subset(draw(rng, rates))) for _ in range(300)])
    accuracy, noise = np.arange(20.0).reshape(4, 5), Noise(np.tile(np.sqrt(rates * (1 - rates) / 1000), (4, 1)), shared)
    for size in range(1, 5):
        hits = ranked_by_noise(noise, accuracy, all_pairs(accuracy), size, 400, size)
        assert hits / 400 == pytest.approx(np.mean(sizes <= size), abs=0.09), size
