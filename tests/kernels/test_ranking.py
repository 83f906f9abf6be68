"""Orders from many measures, by hand."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from graftwork.kernels.frontier import Direction
from graftwork.kernels.ranking import aggregate, borda, pairwise_wins, scaled_means

HIGHER: tuple[Direction, ...] = ("higher", "higher", "higher")
TABLES = hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.just(3)), elements=st.integers(0, 4).map(float))


def test_one_extreme_measure_does_not_decide_a_count_of_ranks() -> None:
    # The first model is best in two of three; the second by far in the third.
    table = np.array([[0.9, 0.9, 0.0], [0.8, 0.8, 1.0], [0.0, 0.0, 0.01]])
    found = aggregate(table, HIGHER)
    assert found.mean.tolist() == [2, 1, 3]
    assert found.winner == 0
    assert found.condorcet.tolist() == [1, 2, 3]
    np.testing.assert_allclose(borda(table, HIGHER), [4 / 6, 4 / 6, 1 / 6])
    assert found.borda.tolist() == [1.5, 1.5, 3]


def test_a_circle_has_no_winner() -> None:
    table = np.array([[3.0, 1, 2], [2, 3, 1], [1, 2, 3]])
    found = aggregate(table, HIGHER)
    assert found.winner is None
    assert found.condorcet.tolist() == found.borda.tolist() == [2, 2, 2]


def test_directions_turn_a_measure_round() -> None:
    table = np.array([[0.9, 10.0], [0.8, 5.0]])
    assert aggregate(table, ("higher", "lower")).borda.tolist() == [1.5, 1.5]
    assert aggregate(table, ("higher", "higher")).winner == 0


def test_what_was_not_measured_is_not_compared() -> None:
    table = np.array([[0.9, np.nan, 0.1], [0.8, 0.5, 0.2], [np.nan, np.nan, np.nan]])
    assert pairwise_wins(table, HIGHER).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(borda(table, HIGHER), [0.5, 0.5, np.nan])
    np.testing.assert_allclose(scaled_means(table, HIGHER), [0.5, (0 + 0.5 + 1) / 3, np.nan])
    assert aggregate(table, HIGHER).borda.tolist() == [1.5, 1.5, 3]


@given(TABLES)
def test_borda_is_the_mean_number_of_models_beaten(table: NDArray[np.float64]) -> None:
    models = len(table)
    beaten = [
        sum((row > other).sum() + (row == other).sum() / 2 for j, other in enumerate(table) if j != i)
        for i, row in enumerate(table)
    ]
    if models > 1:
        np.testing.assert_allclose(borda(table, HIGHER), np.array(beaten) / (3 * (models - 1)))


@given(TABLES)
def test_a_condorcet_winner_wins_every_duel(table: NDArray[np.float64]) -> None:
    wins = pairwise_wins(table, HIGHER)
    expected = [i for i in range(len(table)) if all(wins[i, j] > wins[j, i] for j in range(len(table)) if j != i)]
    winner = aggregate(table, HIGHER).winner
    assert expected == ([] if winner is None else [winner])


def test_the_order_of_the_models_does_not_matter() -> None:
    table = np.random.default_rng(0).random((4, 3))
    ranks = np.array(aggregate(table, HIGHER)[:3])
    for order in permutations(range(4)):
        found = aggregate(table[list(order)], HIGHER)
        assert np.array(found[:3]) == pytest.approx(ranks[:, list(order)])
