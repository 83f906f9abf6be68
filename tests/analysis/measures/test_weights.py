"""What every measure that weighs samples owes, and that every other is told not to."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from graftwork.analysis.measures import MEASURES, Remark, Value
from graftwork.analysis.naming import base_name

Make = Callable[..., Any]

ELSEWHERE = {"loss.next_token", "robustness.corruptions"}
"""Measures of texts and of large pictures: their own tests weigh them."""
QUICK: dict[str, dict[str, Any]] = {
    "flatness": {"samples": 200, "probes": 2, "steps": 2, "draws": 2},
    "flatness.slices": {"samples": 200, "points": 3},
    "proxy.gradsign": {"samples": 8},
    "robustness.bounds": {"samples": 200},
}
DRAWN = (
    *("calibration.adaptive", "calibration.temperature", "calibration.scaled", "calibration.unscaled"),
    *("calibration.ece_removed", "calibration.nll_removed", "invariance"),
)
"""What sorts or draws samples, so that one that is there twice is not one of twice the weight."""


def weighing() -> list[str]:
    return sorted(name for name, measure in MEASURES.load().items() if measure.weighs and name not in ELSEWHERE)


def values(name: str, evidence: Any) -> dict[str, Value]:
    measure = MEASURES.get(name)
    found: Any = measure.function(evidence, measure.check(QUICK.get(name, {})))
    return {item.measure: item for item in found if isinstance(item, Value)}


def part(evidence: Any, places: NDArray[np.int64], weights: NDArray[np.float64] | None = None) -> Any:
    """Return the evidence on some of the samples, in any order and number."""
    data = copy(evidence.data)
    data.inputs, data.labels, data.names = data.take(places), data.labels[places], [data.names[p] for p in places]
    data.further = {key: column[places] for key, column in data.further.items()}
    return replace(
        evidence,
        data=data,
        labels=evidence.labels[places],
        columns={key: column[places] for key, column in evidence.columns.items()},
        weights=weights,
        reference=evidence.reference and part(evidence.reference, places, weights),
    )


def weighted(evidence: Any, weights: NDArray[np.float64]) -> Any:
    return part(evidence, np.arange(len(weights)), weights)


def ends(value: Value) -> tuple[float, ...]:
    return tuple(number for number in (value.value, value.low, value.high) if number is not None)


def alike(found: dict[str, Value], others: dict[str, Value]) -> None:
    assert found.keys() == others.keys()
    for key, value in found.items():
        assert ends(value) == pytest.approx(ends(others[key]), rel=2e-5, abs=1e-6), key


def test_every_measure_of_samples_weighs_them_or_is_of_those_that_do_not() -> None:
    others = {name for name, measure in MEASURES.load().items() if not measure.weighs and not measure.dataless}
    assert others == {"proxy.gradsign"}
    assert not any(measure.weighs and measure.dataless for measure in MEASURES.load().values())


@pytest.mark.parametrize("name", weighing())
def test_equal_weights_change_no_value(name: str, evidence: Make) -> None:
    given = evidence(samples=60)
    plain, found = values(name, given), values(name, weighted(given, np.ones(60)))
    absent = {key for key in plain if ".p_" in key}  # of McNemar's test
    alike(found, {key: value for key, value in plain.items() if key not in absent})


@pytest.mark.parametrize("name", weighing())
def test_samples_of_weight_0_are_as_if_they_were_not_there(name: str, evidence: Make) -> None:
    given, weights = evidence(samples=60), np.random.default_rng(0).uniform(0.2, 1, 60)
    weights[np.arange(60) % 3 == 1] = 0
    kept = np.flatnonzero(weights)
    alike(values(name, weighted(given, weights)), values(name, part(given, kept, weights[kept])))


@pytest.mark.parametrize("name", weighing())
def test_whole_weights_give_the_values_of_samples_that_are_there_so_often(name: str, evidence: Make) -> None:
    given, times = evidence(samples=60), np.random.default_rng(1).integers(0, 4, 60)
    found = values(name, weighted(given, times / times.max()))
    repeated = values(name, part(given, np.repeat(np.arange(60), times)))
    for key, value in found.items():
        if not key.startswith(DRAWN) and base_name(key) != "compare.flips.distinguishable":
            assert value.value == pytest.approx(repeated[key].value, rel=1e-4, abs=1e-6), key


@pytest.mark.parametrize("name", weighing())
def test_heavy_samples_move_every_quantity(name: str, evidence: Make) -> None:
    given, weights = evidence(samples=60), np.random.default_rng(2).random(60) ** 3
    plain, found = values(name, given), values(name, weighted(given, weights))
    moved = {base_name(key) for key in found if found[key].value != plain.get(key, found[key]).value}
    free = {base_name(key) for key in found if plain[key].value not in {0, 1}}  # a share of none or all stays
    assert free <= moved


def test_a_measure_that_does_not_weigh_gets_no_weights(evidence: Make) -> None:
    given = weighted(evidence(samples=60), np.random.default_rng(0).random(60))
    assert given.unweighted.weights is None
    assert given.unweighted.reference.weights is None
    assert values("proxy.gradsign", given.unweighted) == values("proxy.gradsign", evidence(samples=60))


def test_weighted_models_are_told_apart_by_the_interval_of_their_difference(evidence: Make) -> None:
    measure = MEASURES.get("compare.flips")
    given = weighted(evidence(samples=60), np.random.default_rng(0).random(60))
    said = list(measure.function(given, measure.check({})))
    assert next(item.text for item in said if isinstance(item, Remark)).startswith("McNemar's test counts samples")
    found = {item.measure: item for item in said if isinstance(item, Value)}
    assert not any(".p_" in key for key in found)
    low, high = found["compare.flips.difference"].low, found["compare.flips.difference"].high
    assert low is not None
    assert high is not None
    assert found["compare.flips.distinguishable"].value == float(low > 0 or high < 0)


def test_groups_and_classes_without_weight_are_none(evidence: Make) -> None:
    given = evidence(samples=60)
    classes, groups = given.labels == 2, given.data.further["group.half"] == "b"
    found = values("accuracy", weighted(given, np.where(classes, 0.0, 1.0)))
    assert "accuracy.class.c2" not in found
    assert "accuracy.class.c3" in found
    alone = values("subpopulation", weighted(given, np.where(groups, 0.0, 1.0)))
    assert [key for key in alone if ".group." in key] == ["subpopulation.group.a"]
    gaps = values("fairness", weighted(given, np.where(groups, 0.0, 1.0)))
    assert np.isnan([value.value for value in gaps.values()]).all()
    assert {value.low for value in gaps.values()} == {None}


def test_the_largest_group_is_that_of_the_greatest_weight(evidence: Make) -> None:
    given = evidence(samples=60)
    few = given.data.further["group.half"] == "b"
    assert few.sum() < 30
    found = values("subpopulation", weighted(given, np.where(few, 1.0, 0.1)))
    assert ends(found["subpopulation.majority"]) == ends(found["subpopulation.group.b"])
