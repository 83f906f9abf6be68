"""Measures beside a reference, and confusion: by hand and against scikit-learn."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from graftwork.analysis.errors import UserError
from graftwork.analysis.measures import MEASURES

Make = Callable[..., Any]


def _telling(predictions: list[int], classes: int = 3) -> Any:
    return np.eye(classes, dtype=np.float32)[predictions]


def _bare(values: dict[str, Any]) -> dict[str, float]:
    return {name.split(".", 2)[2]: value.value for name, value in values.items()}


@pytest.fixture
def pair(evidence: Make) -> Any:
    """Six samples: one gained from class 2, one lost to class 1, one wrong in another way, the rest as before."""
    truth = [0, 0, 1, 1, 2, 2]
    own = evidence(samples=6, classes=3, labels=truth, logits=_telling([0, 0, 1, 0, 1, 2]))
    other = replace(own.reference, columns={"logits": _telling([0, 2, 1, 2, 2, 2])})
    return replace(own, reference=other)


def test_flips_by_hand(pair: Any, values_of: Make, columns_of: Make) -> None:
    found = _bare(values_of("compare.flips", pair))
    assert (found["positive"], found["negative"]) == (1 / 6, 1 / 6)
    assert found["negative.class.c2"] == 0.5
    assert (found["agreement"], found["churn"]) == (0.5, 0.5)
    assert found["difference"] == 0
    assert (found["p_exact"], found["distinguishable"]) == (1, 0)
    assert columns_of("compare.flips", pair)["compare.flips.flip"].tolist() == [0, 1, 0, 0, -1, 0]


def test_a_clear_difference_is_told_apart(evidence: Make, values_of: Make) -> None:
    own = evidence(samples=20, classes=2, labels=[0] * 20, logits=_telling([0] * 20, 2))
    other = replace(own.reference, columns={"logits": _telling([1] * 8 + [0] * 12, 2)})
    found = values_of("compare.flips", replace(own, reference=other))
    assert found["compare.flips.p_exact"].value == pytest.approx(2 / 2**8)
    assert found["compare.flips.distinguishable"].value == 1
    assert found["compare.flips.difference"].value == 0.4


def test_a_model_beside_itself_is_the_same(evidence: Make, values_of: Make) -> None:
    given = evidence()
    alone = replace(given, reference=given)
    found = values_of("compare.flips", alone)
    assert found["compare.flips.agreement"].value == 1
    assert found["compare.flips.p_mid"].value == 1
    assert values_of("compare.margin_flow", alone)["compare.margin_flow.change"].value == 0


def test_complementary_knowledge_by_hand(pair: Any, values_of: Make) -> None:
    found = _bare(values_of("compare.complementary", pair))
    assert (found["own"], found["other"], found["either"]) == (1 / 6, 1 / 6, 5 / 6)
    assert (found["mended"], found["mendable"]) == (0.5, 0.5)
    assert (found["own.class.c0"], found["other.class.c2"]) == (0.5, 0.5)


def test_flows_name_the_boundary_and_its_direction(pair: Any, values_of: Make, columns_of: Make) -> None:
    found = values_of("compare.margin_flow", pair)
    pairs = {name: value.value for name, value in found.items() if ".pair." in name}
    assert pairs == {"compare.margin_flow.pair.c0>c2": 1 / 6, "compare.margin_flow.pair.c2>c1": -1 / 6}
    assert columns_of("compare.margin_flow", pair)["compare.margin_flow.across"].tolist() == [-1, 2, -1, -1, 1, -1]


def test_flows_add_up_to_the_accuracy_gained(evidence: Make, values_of: Make) -> None:
    given = evidence()
    found = values_of("compare.margin_flow", given)
    own, other = values_of("accuracy", given), values_of("accuracy", given.reference)
    gained = own["accuracy"].value - other["accuracy"].value
    assert gained != 0
    assert found["compare.margin_flow"].value == pytest.approx(gained)
    assert sum(v.value for n, v in found.items() if ".pair." in n) == pytest.approx(gained)


def test_margins_change_sign_where_samples_cross(evidence: Make, columns_of: Make) -> None:
    given = evidence()
    change = columns_of("compare.margin_flow", given)["compare.margin_flow.change"]
    flip = columns_of("compare.flips", given)["compare.flips.flip"]
    assert (change[flip > 0] > 0).all()
    assert (change[flip < 0] < 0).all()


def test_confusion_equals_sklearn(evidence: Make, values_of: Make) -> None:
    given = evidence()
    predicted = given.columns["logits"].argmax(1)
    found = values_of("accuracy.confusion", given)
    assert found["accuracy.confusion.balanced"].value == pytest.approx(
        metrics.balanced_accuracy_score(given.labels, predicted)
    )
    assert found["accuracy.confusion.kappa"].value == pytest.approx(metrics.cohen_kappa_score(given.labels, predicted))
    matrix = metrics.confusion_matrix(given.labels, predicted, labels=range(7)) / len(given.labels)
    pairs = {name.split(".pair.")[1]: value.value for name, value in found.items() if ".pair." in name}
    expected = {f"c{i}>c{j}": matrix[i, j] for i in range(7) for j in range(7) if i != j and matrix[i, j]}
    assert pairs == pytest.approx(expected)
    assert len(values_of("accuracy.confusion", given, pairs=2)) == 3 + 2


@pytest.mark.parametrize(("named", "pair"), [(3, "c2>3"), (0, "2>3")])
def test_an_output_without_a_class_goes_by_its_number(evidence: Make, values_of: Make, named: int, pair: str) -> None:
    given = evidence(samples=3, classes=4, labels=[0, 1, 2], logits=_telling([0, 1, 3], classes=4))
    given.data.classes = given.data.classes[:named]
    found = values_of("accuracy.confusion", given)
    assert found[f"accuracy.confusion.pair.{pair}"].value == pytest.approx(1 / 3)


def test_top_k_equals_sklearn(evidence: Make, values_of: Make, columns_of: Make) -> None:
    given = evidence()
    for k in (1, 3):
        expected = metrics.top_k_accuracy_score(given.labels, given.columns["logits"], k=k, labels=range(7))
        assert values_of("accuracy.topk", given, k=k)["accuracy.topk"].value == pytest.approx(expected)
    rank = columns_of("accuracy.topk", given)["accuracy.topk.rank"]
    assert (rank < 3).mean() == pytest.approx(expected)


def test_without_a_reference_there_is_a_sentence(evidence: Make) -> None:
    given = replace(evidence(), reference=None)
    for name, measure in MEASURES.load().items():
        if measure.entry.compares is True:
            found: Any = measure.function(given, measure.check({}))
            with pytest.raises(UserError, match=r"no model to compare with"):
                list(found)
            assert name.startswith("compare.")
