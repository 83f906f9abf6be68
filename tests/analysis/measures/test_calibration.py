"""Calibration of whole networks, against scikit-learn and closed forms."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics

Make = Callable[..., Any]


def test_scores_equal_sklearn(evidence: Make, values_of: Make, columns_of: Make) -> None:
    given = evidence()
    probabilities = softmax(given.columns["logits"].astype(np.float64), axis=1)
    found = values_of("calibration", given)
    expected = metrics.log_loss(given.labels, probabilities, labels=range(7))
    assert found["calibration.nll"].value == pytest.approx(expected)
    each = ((probabilities - np.eye(7)[given.labels]) ** 2).sum(1)
    assert found["calibration.brier"].value == pytest.approx(each.mean())
    np.testing.assert_allclose(columns_of("calibration", given)["calibration.brier"], each, rtol=1e-5, atol=1e-7)


def test_the_diagram_gives_the_error_back(evidence: Make, values_of: Make) -> None:
    found = values_of("calibration", evidence(), bins=10)
    bins = [name.split(".bin.")[1] for name in found if name.startswith("calibration.share.")]
    share, accuracy, confidence = (
        np.array([found[f"calibration.{part}.bin.{b}"].value for b in bins])
        for part in ("share", "accuracy", "confidence")
    )
    assert share.sum() == pytest.approx(1)
    assert (share * abs(accuracy - confidence)).sum() == pytest.approx(found["calibration.ece"].value)
    assert abs(accuracy - confidence).max() == pytest.approx(found["calibration.mce"].value)
    for b, value in zip(bins, confidence, strict=True):
        low, high = map(float, b.split("-"))
        assert low <= value <= high


def test_one_sure_and_wrong_answer_in_four(evidence: Make, values_of: Make) -> None:
    logits = np.array([[50, 0], [50, 0], [50, 0], [50, 0]], np.float32)
    found = values_of("calibration", evidence(samples=4, classes=2, labels=[0, 0, 0, 1], logits=logits))
    for name in ("ece", "adaptive", "classwise", "mce"):
        assert found[f"calibration.{name}"].value == pytest.approx(0.25)
    assert found["calibration.brier"].value == pytest.approx(0.5)


def test_scaling_mends_overconfidence_on_samples_that_it_has_not_seen(evidence: Make, values_of: Make) -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(size=(4000, 5)) * 2
    labels = (honest + rng.gumbel(size=honest.shape)).argmax(1)
    found = values_of("calibration", evidence(samples=4000, classes=5, labels=labels, logits=honest.astype("f4") * 4))
    assert found["calibration.temperature"].value == pytest.approx(4, rel=0.1)
    assert found["calibration.ece"].value > 0.15
    assert found["calibration.scaled_ece"].value < 0.05
    assert found["calibration.scaled_nll"].high < found["calibration.nll"].low
    assert found["calibration.ece_removed"].low > 0
    assert found["calibration.nll_removed"].low > 0


@pytest.mark.parametrize("seed", [0, 3])
def test_before_and_after_scaling_are_of_the_same_half(seed: int, evidence: Make, values_of: Make) -> None:
    given = replace(evidence(), seed=seed)
    found = values_of("calibration", given)
    half = np.array_split(np.random.default_rng(seed).permutation(len(given.labels)), 2)[1]
    logits = given.columns["logits"][half].astype(np.float64)
    for name, scores in (("unscaled", logits), ("scaled", logits / found["calibration.temperature"].value)):
        other = evidence(samples=len(half), labels=given.labels[half], logits=scores.astype(np.float32))
        alone = values_of("calibration", other)
        for error in ("ece", "nll"):
            value, expected = found[f"calibration.{name}_{error}"], alone[f"calibration.{error}"]
            assert (value.value, value.low, value.high) == pytest.approx(
                (expected.value, expected.low, expected.high), rel=1e-4, abs=1e-6
            )
    for error in ("ece", "nll"):
        before, after, removed = (
            found[f"calibration.{name}"] for name in (f"unscaled_{error}", f"scaled_{error}", f"{error}_removed")
        )
        assert removed.value == pytest.approx(before.value - after.value)
        assert removed.low < removed.value < removed.high


def test_the_great_score_by_hand(evidence: Make, values_of: Make, columns_of: Make) -> None:
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]], np.float32))
    given = evidence(samples=2, classes=3, labels=[0, 2], logits=logits)
    np.testing.assert_allclose(
        columns_of("robustness.great", given)["robustness.great"], [np.sqrt(np.pi / 2) * 0.5, 0], rtol=1e-5
    )
    assert values_of("robustness.great", given)["robustness.great"].value == pytest.approx(np.sqrt(np.pi / 2) / 4)
