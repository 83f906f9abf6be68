"""Names in fits mean one way of measuring."""

from typing import Any

import pytest

from graftwork.analysis.errors import UserError
from graftwork.analysis.sets import FITS, FittedCurve, Member, Remark, Table, Value
from graftwork.analysis.sets.meaning import meaning
from graftwork.analysis.trials import Measured
from graftwork.analysis.workspace import ValueRecord

PREFIX = "robustness.corruptions.accuracy"
ONE = " (of = one)"
FLIPS = "compare.flips.negative"


def record(measure: str, name: str, settings: Any = None, reference: str | None = None) -> ValueRecord:
    plain: dict[str, Any] = {"parents": (), "operation": None, "params": {}, "seed": 0, "data": "d", "unit": ""}
    told: dict[str, Any] = {"settings": settings or {}, "reference": reference, "low": None, "high": None}
    return ValueRecord(model="m", measure=measure, name=name, value=0.5, **told, **plain)


TOPK = [record("topk", "topk", {"k": 5}), record("topk", "topk (k = 3)", {"k": 3})]
COMPARED = [record(FLIPS, f"{FLIPS} (against {name})", reference=name) for name in ("a", "a #2")]


def test_without_a_recipe_a_name_means_the_default() -> None:
    named = meaning([*TOPK, *COMPARED])
    assert [named(name) for name in ("topk", "topk (k = 3)", "amount", "")] == ["topk", "topk (k = 3)", "amount", ""]
    with pytest.raises(UserError, match="was measured in several ways"):
        named(FLIPS)


@pytest.mark.parametrize(("k", "expected"), [(3, "topk (k = 3)"), (5, "topk"), (4, "topk (k = 4)")])
def test_in_a_recipe_a_name_means_what_that_measures_and_nothing_else(k: int, expected: str) -> None:
    measured = [Measured(measure="topk", parameters={"k": k})]
    assert meaning(TOPK, measured)("topk") == expected


def test_a_reference_is_meant_by_its_identity() -> None:
    measured = [Measured(measure="compare.flips", parameters={}, reference="second")]
    named = meaning(COMPARED, measured, {"first": "a", "second": "a #2"})
    assert named(FLIPS) == f"{FLIPS} (against a #2)"


def subset(settings: list[str], prefix: str) -> list[Value | Remark | FittedCurve]:
    """Return the smallest subset of two tests, measured in these ways, of three models."""
    names = {f"{PREFIX}{test}{told}": told for test in (".fog", ".snow", "") for told in settings}
    values = [record(name.replace(told, "") if told else name, name, {"of": told}) for name, told in names.items()]
    members = [
        Member(m, m, values={v.name: Value(measure=v.name, value=x, low=x - 0.01, high=x + 0.01) for v in values})
        for m, x in (("low", 0.2), ("middle", 0.5), ("high", 0.8))
    ]
    fit = FITS.get("robustness.subset")
    return list(fit.function(Table(tuple(members), named=meaning(values)), fit.check({"prefix": prefix})))


@pytest.mark.parametrize(
    ("settings", "prefix"),
    [([""], PREFIX), ([ONE], PREFIX), (["", ONE], PREFIX), ([ONE], f"{PREFIX}{ONE}")],
)
def test_a_subset_is_of_tests_that_were_measured_one_way(settings: list[str], prefix: str) -> None:
    size = subset(settings, prefix)[0]
    assert isinstance(size, Value)
    assert size.value == 1


def test_a_subset_of_tests_that_were_measured_several_ways_is_refused() -> None:
    with pytest.raises(UserError, match=r"fog' was measured in several ways|snow' was measured in several ways"):
        subset([ONE, " (of = two)"], PREFIX)
