"""Two models on the same samples, against scipy and the plain way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graftwork.kernels.intervals.shares import share_interval
from graftwork.kernels.paired import (
    Contingency,
    carried_over,
    contingency,
    mcnemar,
    mcnemar_reference,
)

COUNTS = st.integers(0, 300)


def test_the_table_counts_every_sample_once() -> None:
    first, second = np.array([1, 1, 1, 0, 0, 0, 0], bool), np.array([1, 0, 0, 1, 0, 0, 0], bool)
    assert contingency(first, second) == Contingency(1, 2, 1, 3)
    assert contingency(first, second).size == 7


@given(COUNTS, COUNTS)
def test_p_values_are_the_binomials(first: int, second: int) -> None:
    found = mcnemar(first, second)
    expected = mcnemar_reference(first, second)
    assert found.exact == pytest.approx(expected.exact, rel=1e-9)
    assert found.mid == pytest.approx(expected.mid, rel=1e-9)
    if first + second:
        assert found.exact == pytest.approx(stats.binomtest(first, first + second).pvalue, rel=1e-9)
    assert found.mid <= found.exact
    assert found == mcnemar(second, first)


def test_many_samples_neither_overflow_nor_vanish() -> None:
    assert mcnemar(50_000, 50_300).exact == pytest.approx(stats.binomtest(50_000, 100_300).pvalue, rel=1e-6)
    assert mcnemar(0, 100_000).exact == 0.0


def test_the_mid_p_of_the_papers_example() -> None:
    # Fagerland et al. 2013, airway hyper-responsiveness: one against seven discordant pairs.
    assert mcnemar(1, 7).exact == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar(1, 7).mid == pytest.approx(0.0391, abs=5e-5)


def test_what_carries_over_is_counted_where_only_one_knew() -> None:
    before = np.array([0, 0, 0, 1, 1, 1], bool)
    teacher = np.array([1, 1, 0, 0, 0, 1], bool)
    after = np.array([1, 0, 1, 1, 1, 0], bool)
    learnt, kept = carried_over(before, teacher, after)
    assert (learnt, kept) == (share_interval(1, 2), share_interval(2, 2))
    assert carried_over(before, before, after) == (None, None)
