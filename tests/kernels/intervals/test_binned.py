"""Intervals of calibration errors: their coverage where noise alone makes gaps, and where there are true ones."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from graftwork.kernels.calibration import equal_count, equal_width, reliability
from graftwork.kernels.intervals import Interval
from graftwork.kernels.intervals.binned import binned_interval, difference_of_errors

from .coverage import simulated

Floats = NDArray[np.float64]
BINS = 10
ACCURACIES: dict[str, Callable[[Floats], Floats]] = {
    "calibrated": lambda confidence: confidence,
    "overconfident": lambda confidence: confidence**2,
    "unconfident": lambda confidence: np.sqrt(confidence),
    "both": lambda confidence: np.clip(confidence + 0.1 * np.sin(20 * confidence), 0, 1),
}


def confidences(rng: np.random.Generator, size: int) -> Floats:
    return 0.1 + 0.9 * rng.beta(3, 1, size)


def error_of(confidence: Floats, accuracy: Floats) -> float:
    return reliability(confidence, accuracy, equal_width(confidence, BINS), BINS).error


@pytest.mark.parametrize("kind", ACCURACIES)
@pytest.mark.parametrize("size", [10, 50, 500])
def test_calibration_errors_are_covered(kind: str, size: int) -> None:
    rng = np.random.default_rng(size)
    large = confidences(rng, 100_000)
    truth = error_of(large, ACCURACIES[kind](large))

    def found() -> Iterator[tuple[Interval, float]]:
        for _ in range(300):
            confidence = confidences(rng, size)
            correct = rng.random(size) < ACCURACIES[kind](confidence)
            yield binned_interval(confidence, correct, equal_width(confidence, BINS)), truth

    assert simulated(found()).probability > 0.94


@pytest.mark.parametrize("size", [50, 2000])
def test_rare_errors_of_a_sure_network_are_covered(size: int) -> None:
    rng, sure = np.random.default_rng(0), np.full(size, 0.999)
    draws = (rng.random(size) < 0.99 for _ in range(400))
    places = np.zeros(size, np.int64)
    assert simulated((binned_interval(sure, correct, places), 0.009) for correct in draws).probability > 0.93


def test_noise_is_no_error_and_a_clear_error_is_one() -> None:
    rng = np.random.default_rng(0)
    confidence = confidences(rng, 2000)
    places = equal_count(confidence, BINS)
    fair, poor = (rng.random(2000) < accuracy for accuracy in (confidence, confidence**2))
    assert binned_interval(confidence, fair, places).low < 0.005
    found = binned_interval(confidence, poor, places)
    assert found.mean == pytest.approx(reliability(confidence, poor, places, BINS).error)
    assert 0.05 < found.low < found.mean < found.high


def test_a_difference_of_errors_reaches_as_far_as_both_do() -> None:
    first, second = Interval(0.2, 0.1, 0.24), Interval(0.05, 0.0, 0.08)
    found = difference_of_errors(first, second)
    assert found == pytest.approx((0.15, 0.15 - np.hypot(0.1, 0.03), 0.15 + np.hypot(0.04, 0.05)))
    mirrored = difference_of_errors(second, first)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


def test_no_samples_have_no_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        binned_interval(np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
