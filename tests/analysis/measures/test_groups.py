"""Accuracy and fairness by group, by hand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.measures import MEASURES, Remark
from graftwork.analysis.measures.fairness import FairnessParameters

Make = Callable[..., Any]

# Of group a: labels 1 1 0 0, told 1 1 1 0. Of group b: labels 1 1 0 0 0, told 1 0 0 0 0.
LABELS = [1, 1, 0, 0, 1, 1, 0, 0, 0]
TOLD = [1, 1, 1, 0, 1, 0, 0, 0, 0]
GROUP = np.array(list("aaaabbbbb"))


@pytest.fixture
def grouped(evidence: Make) -> Any:
    given = evidence(samples=9, classes=2, labels=LABELS, logits=np.eye(2, dtype=np.float32)[TOLD])
    given.data.further = {"weight": np.ones(9), "group.who": GROUP, "group.same": np.zeros(9)}
    return given


def test_fairness_by_hand(grouped: Any, values_of: Make) -> None:
    found = {n.split(".")[1]: v.value for n, v in values_of("fairness", grouped, positive="c1").items()}
    assert found["parity"] == pytest.approx(3 / 4 - 1 / 5)
    assert found["opportunity"] == pytest.approx(1 - 1 / 2)
    assert found["odds"] == pytest.approx(max(1 - 1 / 2, 1 / 2 - 0))
    assert found["accuracy"] == pytest.approx(4 / 5 - 3 / 4)
    either = values_of("fairness", grouped)
    assert either["fairness.opportunity"].value == pytest.approx(1 / 2)  # class 0: 1/2 against 1


def test_groups_without_a_class_are_left_out(grouped: Any, values_of: Make) -> None:
    given = replace(grouped, labels=np.array([0, 0, 0, 0, 1, 1, 0, 0, 0]))
    gap = values_of("fairness", given, positive="c1")["fairness.opportunity"]
    assert np.isnan(gap.value)
    assert gap.low is None
    told = MEASURES.get("fairness").function(given, FairnessParameters(positive="c1"))
    (remark,) = (item.text for item in told if isinstance(item, Remark))
    assert remark == "there is no gap of opportunity: no two groups have samples to compare it on."


def test_equal_groups_are_treated_alike(evidence: Make, values_of: Make) -> None:
    given = evidence(samples=400)
    given.data.further = {"group.who": np.arange(400) // 200}
    columns = {"logits": np.tile(given.columns["logits"][:200], (2, 1))}
    given = replace(given, columns=columns, labels=np.tile(given.labels[:200], 2))
    for value in values_of("fairness", given).values():
        assert value.value == pytest.approx(0)
        assert value.low == 0


def test_intervals_cover_the_true_gap(evidence: Make, values_of: Make) -> None:
    covered = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        who, labels = rng.integers(0, 2, 500), rng.integers(0, 2, 500)
        right = rng.random(500) < np.where(who, 0.9, 0.7)
        told = np.where(right, labels, 1 - labels)
        given = evidence(samples=500, classes=2, labels=labels, logits=np.eye(2, dtype=np.float32)[told])
        given.data.further = {"group.who": who}
        gap = values_of("fairness", given)["fairness.accuracy"]
        covered += gap.low <= 0.2 <= gap.high
    assert covered >= 34


def test_accuracy_by_group_by_hand(grouped: Any, values_of: Make) -> None:
    found = {n: v.value for n, v in values_of("subpopulation", grouped, group="who").items()}
    assert found == {
        "subpopulation": pytest.approx((3 / 4 + 4 / 5) / 2),
        "subpopulation.majority": pytest.approx(4 / 5),
        "subpopulation.minority": pytest.approx(3 / 4),
        "subpopulation.worst": pytest.approx(3 / 4),
        "subpopulation.group.a": pytest.approx(3 / 4),
        "subpopulation.group.b": pytest.approx(4 / 5),
    }


def test_columns_that_do_not_group_are_refused(grouped: Any, values_of: Make) -> None:
    with pytest.raises(UserError, match=r"'whom'. Did you mean 'who'"):
        values_of("subpopulation", grouped, group="whom")
    with pytest.raises(UserError, match="number of groups in the column 'same' is 1"):
        values_of("fairness", grouped, group="same")
    with pytest.raises(UserError, match="no class called 'c7'"):
        values_of("fairness", grouped, positive="c7")
    grouped.data.further = {}
    with pytest.raises(UserError, match="no column of groups"):
        values_of("fairness", grouped)
