"""What measures say of scores that are no numbers, that tie, or that are the same for every sample."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graftwork.analysis.measures import MEASURES
from graftwork.analysis.measures.scores import NoScoresError, scored, told_of_scores

Make = Callable[..., Any]

READERS = sorted(
    name for name, m in MEASURES.load().items() if "logits" in m.needs and name != "robustness.corruptions"
)
WITHOUT_SOME = {"accuracy", "accuracy.topk", "compare.complementary", "compare.flips", "subpopulation"}
BROKEN = [np.nan, np.inf]


def spoilt(given: Any, places: slice, value: float) -> Any:
    given.columns["logits"][places] = value
    return given


@pytest.mark.parametrize("value", [*BROKEN, -np.inf])
@pytest.mark.parametrize("name", READERS)
def test_a_network_without_scores_has_no_number(name: str, value: float, evidence: Make, values_of: Any) -> None:
    with pytest.raises(NoScoresError, match="all 200 samples"):
        values_of(name, spoilt(evidence(), slice(None), value))


@pytest.mark.parametrize("value", BROKEN)
@pytest.mark.parametrize("name", sorted(set(READERS) - WITHOUT_SOME))
def test_what_needs_every_sample_is_not_told_of_the_rest(
    name: str, value: float, evidence: Make, values_of: Any
) -> None:
    with pytest.raises(NoScoresError, match="3 of 200 samples"):
        values_of(name, spoilt(evidence(), slice(4, 7), value))


@pytest.mark.parametrize("value", BROKEN)
def test_samples_without_scores_are_wrong(value: float, evidence: Make, values_of: Any, columns_of: Any) -> None:
    correct = columns_of("accuracy", evidence())["correct"]
    given = spoilt(evidence(), slice(0, 20), value)
    found, columns = values_of("accuracy", given), columns_of("accuracy", given)
    assert found["accuracy"].value == correct[20:].sum() / 200
    assert (columns["prediction"][:20] == -1).all()
    assert values_of("accuracy.topk", given, k=7)["accuracy.topk"].value == 0.9
    assert (columns_of("accuracy.topk", given)["accuracy.topk.rank"][:20] == 6).all()


def test_samples_without_scores_agree_with_nothing(evidence: Make, values_of: Any) -> None:
    given = spoilt(evidence(), slice(0, 20), np.nan)
    spoilt(given.reference, slice(0, 20), np.nan)
    whole = evidence()
    same = whole.columns["logits"][20:].argmax(1) == whole.reference.columns["logits"][20:].argmax(1)
    assert values_of("compare.flips", given)["compare.flips.agreement"].value == same.sum() / 200


def test_a_class_that_is_shut_out_leaves_the_rest_comparable(evidence: Make, values_of: Any) -> None:
    given = evidence()
    given.columns["logits"][:, 3] = -np.inf
    assert scored(given.columns["logits"]).all()
    assert values_of("accuracy", given)["accuracy"].value > 0.2


def test_ties_are_at_chance_in_every_list_of_guesses(evidence: Make, values_of: Any) -> None:
    given = evidence(samples=70, labels=np.arange(70) % 7, logits=np.zeros((70, 7), np.float32))
    accuracy, topk = values_of("accuracy", given), values_of("accuracy.topk", given, k=1)
    assert accuracy["accuracy"].value == topk["accuracy.topk"].value == pytest.approx(1 / 7)
    assert accuracy["accuracy.top5"].value == pytest.approx(5 / 7)
    assert topk["accuracy.topk.rank"].value == 3


def test_a_sample_on_the_boundary_is_negative_where_it_is_wrong(evidence: Make, values_of: Any) -> None:
    given = evidence(samples=70, labels=np.arange(70) % 7, logits=np.zeros((70, 7), np.float32))
    assert values_of("geometry.margins", given)["geometry.margins.negative"].value == pytest.approx(6 / 7)


@pytest.mark.parametrize("zeros", [1, 200])
def test_zero_features_have_no_mean_angle_and_that_is_said(zeros: int, evidence: Make) -> None:
    given = evidence()
    given.columns["features"][:zeros] = 0
    measure = MEASURES.get("geometry.margins")
    found: Any = list(measure.function(given, measure.check({})))
    (angle,) = (item for item in found if getattr(item, "measure", "") == "geometry.margins.angle")
    assert np.isnan(angle.value)
    (said,) = (item.text for item in found if hasattr(item, "text"))
    assert said.startswith(f"{zeros} of 200 samples have no angle")


ROWS = np.array([[1, 0, 0], [2, 0, 0], [0, 5, 0], [0, 0, 3]], np.float32)
LABELS = np.array([0, 0, 1, 2])


@pytest.mark.parametrize(
    ("logits", "said"),
    [
        (ROWS, []),
        (np.full_like(ROWS, np.nan), ["NaN or infinite scores for all 4 samples of test"]),
        (np.where(np.arange(4)[:, None] < 1, np.inf, ROWS), ["NaN or infinite scores for 1 of 4 samples of test"]),
        (np.tile(ROWS[0], (4, 1)), ["all 4 samples of test the same scores"]),
        (np.add(ROWS, [9, 0, 0]), ["takes all 4 samples of test for the same class"]),
        (np.where(ROWS == 2, 0, ROWS), ["several classes for 1 of 4 samples of test"]),
        (np.zeros_like(ROWS), ["all 4 samples of test the same scores", "several classes for 4 of 4 samples of test"]),
    ],
)
def test_what_is_said_of_scores(logits: Any, said: list[str]) -> None:
    found = list(told_of_scores("net", "test", np.asarray(logits, np.float32), LABELS))
    assert len(found) == len(said)
    assert all(line.startswith("net ") and text in line for text, line in zip(said, found, strict=True))


def test_one_class_of_samples_does_not_make_a_network_constant() -> None:
    assert not list(told_of_scores("net", "test", ROWS[:2], LABELS[:2]))
