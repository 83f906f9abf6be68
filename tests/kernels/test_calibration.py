"""Calibration against the plain way and closed forms."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graftwork.kernels.calibration import (
    best_temperature,
    class_wise_error,
    equal_count,
    equal_width,
    reliability,
    reliability_reference,
)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 80))
def test_diagrams_equal_the_plain_ones(seed: int, bins: int, samples: int) -> None:
    rng = np.random.default_rng(seed)
    confidence, correct = rng.random(samples), rng.random(samples) < 0.5
    for places in (equal_width(confidence, bins), equal_count(confidence, bins)):
        found = reliability(confidence, correct, places, bins)
        for column, expected in zip(found, reliability_reference(confidence, correct, places, bins), strict=True):
            np.testing.assert_allclose(column, expected)
        assert found.share.sum() == pytest.approx(1)
        assert found.error <= found.largest + 1e-12 <= 1 + 1e-12


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(2, 80))
def test_weighted_diagrams_equal_the_plain_ones(seed: int, bins: int, samples: int) -> None:
    rng = np.random.default_rng(seed)
    confidence, correct, weights = rng.random(samples), rng.random(samples) < 0.5, rng.integers(0, 4, samples) / 3
    weights[0] = 1
    for places in (equal_width(confidence, bins), equal_count(confidence, bins, weights)):
        found = reliability(confidence, correct, places, bins, weights)
        expected = reliability_reference(confidence, correct, places, bins, weights)
        for column, plain in zip(found, expected, strict=True):
            np.testing.assert_allclose(column, plain)
        assert found.share.sum() == pytest.approx(1)


def test_bins_of_equal_weight_hold_as_much_up_to_a_sample() -> None:
    rng = np.random.default_rng(0)
    confidence, weights = rng.random(500), rng.lognormal(size=500)
    held = np.bincount(equal_count(confidence, 7, weights), weights, 7)
    assert np.ptp(held) < 2 * weights.max()
    for weight in (1.0, 0.1, 1 / 3):
        places = equal_count(confidence, 7, np.full(500, weight))
        np.testing.assert_array_equal(places, equal_count(confidence, 7))


def test_a_weighted_temperature_is_that_of_samples_that_are_there_so_often() -> None:
    rng = np.random.default_rng(0)
    logits, labels, times = rng.normal(size=(50, 4)) * 3, rng.integers(0, 4, 50), rng.integers(0, 3, 50)
    repeated = best_temperature(np.repeat(logits, times, axis=0), np.repeat(labels, times))
    assert best_temperature(logits, labels, times / 2) == pytest.approx(repeated, rel=1e-4)
    assert best_temperature(logits, labels) != pytest.approx(repeated, rel=1e-2)


def test_bins_are_those_of_the_definition() -> None:
    confidence = np.array([0.0, 0.2, 0.2000001, 0.4, 0.99, 1.0])
    assert equal_width(confidence, 5).tolist() == [0, 0, 1, 1, 4, 4]
    assert equal_count(np.array([0.9, 0.1, 0.5, 0.3]), 2).tolist() == [1, 0, 1, 0]


def test_errors_by_hand() -> None:
    confidence, correct = np.array([0.95, 0.95, 0.55, 0.55]), np.array([1, 0, 1, 1])
    found = reliability(confidence, correct, equal_width(confidence, 10), 10)
    assert found.error == pytest.approx(0.45)
    assert found.largest == pytest.approx(0.45)
    assert np.isnan(found.accuracy[0])
    one = reliability(confidence, correct, equal_width(confidence, 1), 1)
    assert one.error == pytest.approx(0)  # 0.75 right at 0.75 confidence: too few bins hide it


def test_honest_probabilities_have_little_error_by_class() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), 40_000)
    labels = (rng.random((40_000, 1)) > probabilities.cumsum(1)).sum(1)
    assert class_wise_error(probabilities, labels, 10) < 0.01
    assert class_wise_error(probabilities, (labels + 1) % 4, 10) > 0.15


def test_the_temperature_of_overconfident_logits_is_found() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 5)) * 2
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(1)
    assert best_temperature(logits, labels) == pytest.approx(1, abs=0.03)
    assert best_temperature(logits * 3, labels) == pytest.approx(3, abs=0.1)


def test_the_temperature_is_torchs_optimum() -> None:
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(size=(300, 6)) * 4, rng.integers(0, 6, 300)
    labels[:200] = logits[:200].argmax(1)
    inverse = torch.ones((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([inverse], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(torch.from_numpy(logits) * inverse, torch.from_numpy(labels))
        loss.backward()
        return loss

    optimiser.step(closure)
    assert best_temperature(logits, labels) == pytest.approx(1 / inverse.item(), rel=1e-3)
