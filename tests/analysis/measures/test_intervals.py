"""What samples that all agree leave open: no interval of a share is of no width."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graftwork.analysis.measures import MEASURES
from graftwork.analysis.sets import FITS
from graftwork.kernels.intervals.shares import share_interval

Make = Callable[..., Any]

LABELS = np.arange(60) % 3
SHARES = [
    "accuracy",
    "accuracy.topk",
    "accuracy.confusion",
    "calibration",
    "compare.complementary",
    "compare.flips",
    "compare.margin_flow",
    "fairness",
    "robustness.great",
    "subpopulation",
]


@pytest.fixture
def perfect(evidence: Make) -> Any:
    """Two networks that have all samples right, and are sure of it."""
    logits = 50 * np.eye(3, dtype=np.float32)[LABELS]
    own = evidence(samples=60, classes=3, labels=LABELS, logits=logits)
    return replace(own, reference=replace(own.reference, columns=own.columns))


@pytest.mark.parametrize("name", SHARES)
def test_what_is_always_right_may_be_wrong_elsewhere(name: str, perfect: Any, values_of: Make) -> None:
    bounded = [value for value in values_of(name, perfect).values() if value.low is not None]
    assert bounded
    for value in bounded:
        assert value.low <= value.value <= value.high
        assert value.high - value.low > 0.02


def test_few_samples_of_a_class_are_less_sure(perfect: Any, values_of: Make) -> None:
    found = values_of("accuracy", perfect)
    for name, size in (("accuracy", 60), ("accuracy.class.c1", 20)):
        assert (found[name].low, found[name].high) == pytest.approx(share_interval(size, size)[1:])


def test_there_is_no_share_of_no_samples(perfect: Any, values_of: Make) -> None:
    mended = values_of("compare.complementary", perfect)["compare.complementary.mended"]
    assert np.isnan(mended.value)
    assert (mended.low, mended.high) == (None, None)


def test_losses_that_do_not_vary_have_no_interval(perfect: Any, values_of: Make) -> None:
    loss = values_of("loss", perfect)["loss"]
    assert loss.value == pytest.approx(0, abs=1e-12)
    assert (loss.low, loss.high) == (None, None)


def test_the_worst_groups_interval_allows_for_its_choice(evidence: Make, values_of: Make) -> None:
    right = np.arange(60) % 20 != 0
    logits = np.eye(3, dtype=np.float32)[np.where(right, LABELS, (LABELS + 1) % 3)]
    given = evidence(samples=60, classes=3, labels=LABELS, logits=logits)
    given.data.further = {"group.who": np.arange(60) // 20}
    found = values_of("subpopulation", given)
    worst, group = found["subpopulation.worst"], found["subpopulation.group.0"]
    assert worst.value == group.value == 0.95
    assert worst.high > group.high


def test_a_bin_of_the_reliability_diagram_has_the_interval_of_its_samples(evidence: Make, values_of: Make) -> None:
    found = values_of("calibration", evidence())
    shares = {name: v.value for name, v in found.items() if name.startswith("calibration.share.")}
    for name, share in shares.items():
        accuracy, size = found[name.replace("share", "accuracy")], round(200 * share)
        expected = share_interval(round(accuracy.value * size), size)
        assert (accuracy.value, accuracy.low, accuracy.high) == pytest.approx(expected)


def test_few_passes_have_no_interval_of_their_speedup(evidence: Make, values_of: Make) -> None:
    few, more = (
        values_of("cost.measured", evidence(), batch=2, repeats=repeats, warmup=0)["cost.measured.speedup"]
        for repeats in (5, 6)
    )
    assert (few.low, few.high) == (None, None)
    assert more.low is not None


@pytest.mark.parametrize(
    ("shelf", "name", "retired"),
    [
        (MEASURES, "fairness", {"resamples": 200}),
        (FITS, "subpopulation.fit", {"resamples": 200, "seed": 1}),
        (FITS, "compare.carried_over", {"seed": 1}),
    ],
)
def test_names_that_earlier_versions_took_are_read_and_change_nothing(
    shelf: Any, name: str, retired: dict[str, int]
) -> None:
    entry = shelf.get(name)
    assert entry.check(retired) == entry.check({})
