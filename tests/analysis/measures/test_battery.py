"""What every measure owes, whatever it says."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.measures import MEASURES, Column, Value
from graftwork.analysis.naming import base_name

Make = Callable[..., Any]

HERE = [
    "accuracy",
    "accuracy.confusion",
    "accuracy.topk",
    "calibration",
    "compare.complementary",
    "compare.flips",
    "compare.margin_flow",
    "cost.measured",
    "cost.nominal",
    "cost.training",
    "fairness",
    "flatness",
    "flatness.slices",
    "geometry.margins",
    "invariance",
    "loss",
    "proxy.aszero",
    "proxy.gradsign",
    "proxy.synflow",
    "robustness.bounds",
    "robustness.great",
    "subpopulation",
]
TIMED = {"cost.measured"}
QUICK: dict[str, dict[str, Any]] = {
    "cost.measured": {"repeats": 3, "warmup": 0},
    "flatness": {"samples": 20, "probes": 2, "steps": 2, "draws": 2},
    "flatness.slices": {"samples": 20, "points": 3},
}


def said(name: str, evidence: Any) -> Any:
    measure = MEASURES.get(name)
    results = list(measure.function(evidence, measure.check(QUICK.get(name, {}))))
    values = {r.measure: r for r in results if isinstance(r, Value)}
    columns = {r.name: r for r in results if isinstance(r, Column)}
    assert len(values) + len(columns) == len(results)
    return values, columns


def test_these_are_registered() -> None:
    assert set(HERE) <= set(MEASURES.load())


@pytest.mark.parametrize("name", sorted(MEASURES.load()))
def test_says_what_it_is(name: str) -> None:
    entry = MEASURES.get(name).entry
    assert entry.title
    assert entry.citation
    assert entry.summary.endswith(".")
    assert entry.quantities
    json.dumps(entry.parameter_schema)


def test_a_parameter_that_measures_share_means_the_same() -> None:
    units: dict[str, set[str]] = {}
    for measure in MEASURES.load().values():
        for name, schema in measure.entry.parameter_schema.get("properties", {}).items():
            units.setdefault(name, set()).add(schema.get("unit", ""))
    assert {name for name, found in units.items() if len(found) > 1} == set()


@pytest.mark.parametrize("name", HERE)
def test_declares_all_that_it_says(name: str, evidence: Make) -> None:
    values, columns = said(name, evidence())
    declared = {(q.name, q.per_sample): q for q in MEASURES.get(name).entry.quantities}
    for key, value in values.items():
        assert declared[base_name(key), False].unit == value.unit
    for key, column in columns.items():
        assert declared[key, True].unit == column.unit
    assert {n for n, per_sample in declared if not per_sample} <= set(map(base_name, values))
    assert {n for n, per_sample in declared if per_sample} == set(columns)


@pytest.mark.parametrize("name", HERE)
def test_intervals_hold_the_value(name: str, evidence: Make) -> None:
    for value in said(name, evidence())[0].values():
        assert np.isfinite(value.value)
        if value.low is not None:
            assert value.low <= value.value <= value.high


@pytest.mark.parametrize("name", sorted(set(HERE) - TIMED))
def test_same_seed_same_result(name: str, evidence: Make) -> None:
    assert said(name, evidence(seed=3))[0] == said(name, evidence(seed=3))[0]


@pytest.mark.parametrize("name", HERE)
def test_evidence_stays_as_it_was(name: str, evidence: Make) -> None:
    given = evidence()
    before = {key: column.copy() for key, column in given.columns.items()}
    said(name, given)
    for key, column in before.items():
        np.testing.assert_array_equal(given.columns[key], column)


@pytest.mark.parametrize("name", sorted(n for n in HERE if "logits" in MEASURES.get(n).needs))
def test_refuses_labels_that_do_not_fit(name: str, evidence: Make) -> None:
    with pytest.raises(UserError, match="class number 9"):
        said(name, evidence(samples=2, labels=[0, 9]))
    with pytest.raises(UserError, match="no samples"):
        said(name, evidence(samples=0, labels=[]))
