"""Two models on the same samples, against scipy and the plain way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graftwork.kernels.bootstrap import mean_interval
from graftwork.kernels.paired import (
    Contingency,
    carried_over,
    contingency,
    difference_interval,
    difference_interval_reference,
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


def test_the_interval_is_that_of_resampled_pairs() -> None:
    rng = np.random.default_rng(0)
    first = rng.random(400) < 0.8
    second = np.where(rng.random(400) < 0.7, first, rng.random(400) < 0.9)
    fast = difference_interval(contingency(first, second), 1, resamples=4000)
    plain = difference_interval_reference(first, second, 2, resamples=4000)
    assert fast == pytest.approx(plain, abs=0.006)
    assert fast.low < fast.mean < fast.high


def test_agreement_narrows_the_interval() -> None:
    alike = difference_interval(Contingency(870, 10, 20, 100), 0)
    unlike = difference_interval(Contingency(780, 100, 110, 10), 0)  # as accurate, but wrong elsewhere
    assert alike.mean == unlike.mean
    assert alike.high - alike.low < (unlike.high - unlike.low) / 2


def test_no_samples_have_no_difference() -> None:
    with pytest.raises(ValueError, match="at least one"):
        difference_interval(Contingency(0, 0, 0, 0), 0)


def test_what_carries_over_is_counted_where_only_one_knew() -> None:
    before = np.array([0, 0, 0, 1, 1, 1], bool)
    teacher = np.array([1, 1, 0, 0, 0, 1], bool)
    after = np.array([1, 0, 1, 1, 1, 0], bool)
    learnt, kept = carried_over(before, teacher, after)
    assert (learnt, kept) == (mean_interval(np.array([1, 0]), 0), mean_interval(np.array([1, 1]), 0))
    assert carried_over(before, before, after) == (None, None)
