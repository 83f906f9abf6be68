"""Bootstrap intervals against the plain loop and the normal approximation."""

import numpy as np
import pytest

from graftwork.kernels.bootstrap import mean_interval, mean_interval_reference, ratio_interval


def test_numbers_equal_the_reference_draw_by_draw() -> None:
    values = np.random.default_rng(0).normal(size=333)
    assert mean_interval(values, 7) == pytest.approx(mean_interval_reference(values, 7))


def test_many_numbers_are_drawn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).normal(size=100)
    whole = mean_interval(values, 3)
    monkeypatch.setattr("graftwork.kernels.bootstrap._DRAWS", 1000)
    assert mean_interval(values, 3) == pytest.approx(whole)


def test_counts_have_the_distribution_of_the_reference() -> None:
    values = np.arange(400) < 300
    fast = mean_interval(values, 0, resamples=20_000)
    plain = mean_interval_reference(values, 1, resamples=20_000)
    assert fast.mean == plain.mean == 0.75
    assert fast == pytest.approx(plain, abs=0.003)


def test_width_is_that_of_the_normal_approximation() -> None:
    correct = np.arange(10_000) < 9_000
    interval = mean_interval(correct, 0, resamples=20_000)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * (0.9 * 0.1 / 10_000) ** 0.5, rel=0.03)


def test_seed_decides() -> None:
    values = np.random.default_rng(0).normal(size=50)
    assert mean_interval(values, 1) == mean_interval(values, 1)
    assert mean_interval(values, 1) != mean_interval(values, 2)


def test_all_equal_has_no_width() -> None:
    assert mean_interval(np.ones(10, bool), 0) == (1, 1, 1)


def test_no_values() -> None:
    with pytest.raises(ValueError, match="at least one"):
        mean_interval(np.zeros(0), 0)


def test_the_ratio_of_sums_is_that_of_resampled_samples() -> None:
    rng = np.random.default_rng(0)
    other = rng.integers(0, 4, (300, 3))
    own = np.minimum(other + rng.integers(0, 2, (300, 3)), 4)
    found = ratio_interval(own, other, 0, resamples=4000)
    assert found is not None
    assert found.mean == pytest.approx(np.mean([own[:, c].sum() / other[:, c].sum() for c in range(3)]))
    picks = (rng.integers(0, 300, 300) for _ in range(4000))
    plain = np.quantile([(own[p].sum(0) / other[p].sum(0)).mean() for p in picks], [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx(tuple(plain), abs=0.005)


def test_a_ratio_that_never_varies_has_no_width_and_one_over_nothing_is_none() -> None:
    other = np.random.default_rng(0).integers(1, 4, (50, 2))
    assert ratio_interval(2 * other, other, 0) == (2, 2, 2)
    assert ratio_interval(other, other * [1, 0], 0) is None
