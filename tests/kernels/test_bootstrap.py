"""Bootstrap intervals against the plain loop and the normal approximation."""

import numpy as np
import pytest

from graftwork.kernels.bootstrap import mean_interval, mean_interval_reference


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
