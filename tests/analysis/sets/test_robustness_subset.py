"""Few corruptions that rank models as all do, and what of that is chance."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from graftwork.analysis.errors import UserError
from graftwork.analysis.sets import FITS, Member, Remark, Table, Value
from graftwork.kernels.intervals.shares import share_interval

PREFIX = "robustness.corruptions.accuracy"
DISTINCT = [[900, 500, 600], [600, 600, 500], [200, 550, 500]]


def accuracy(name: str, hits: float, samples: int | None) -> Value:
    if samples is None:
        return Value(measure=name, value=hits / 1000, unit="fraction")
    found = share_interval(hits, samples)
    return Value(measure=name, value=found.mean, low=found.low, high=found.high, unit="fraction")


def table(hits: ArrayLike, samples: int | None = 1000, whole: bool = False) -> Table:
    """Return models that have so many samples right under each test, (models, tests)."""
    members = []
    for number, row in enumerate(np.asarray(hits, float)):
        values = [accuracy(f"{PREFIX}.c{place:02d}", count, samples) for place, count in enumerate(row)]
        values += [Value(measure=f"{PREFIX}.c00.3", value=0.0)]
        values += [accuracy(PREFIX, row.mean(), samples)] if whole else []
        members.append(Member(str(number), f"m{number}", values={v.measure: v for v in values}))
    return Table(tuple(members))


def done(of: Table, **parameters: Any) -> tuple[dict[str, Value], str]:
    fit = FITS.get("robustness.subset")
    found = list(fit.function(of, fit.check(parameters)))
    (told,) = (item.text for item in found if isinstance(item, Remark))
    return {item.measure.rpartition(".")[2]: item for item in found if isinstance(item, Value)}, told


@pytest.mark.parametrize("whole", [False, True])
def test_the_test_that_ranks_as_all_do_is_given_with_its_chance(whole: bool) -> None:
    values, told = done(table(DISTINCT, whole=whole))
    assert values["size"].value == 1
    chance = values["chance"]
    assert chance.low is not None
    assert 0.3 < chance.low < chance.value <= 1
    hits = round(200 * chance.value)
    assert told == (
        f"c00 of 3 tests rank 3 models as all tests do; as few do so in {hits} of 200 draws of noise alone,"
        " so that it may be chance."
    )


def test_one_test_that_ranks_many_models_is_no_chance() -> None:
    values, told = done(table(np.arange(100, 900, 100)[:, None] + np.array([0, 5, 10, 20])))
    assert (values["size"].value, values["chance"].value) == (1, 0)
    assert told.endswith("in 0 of 200 draws of noise alone.")


@pytest.mark.parametrize("samples", [None, 100, 1000])
def test_equal_models_get_no_subset(samples: int | None) -> None:
    rng, told = np.random.default_rng(0), 0
    for _ in range(40):
        values, sentence = done(table(rng.binomial(samples or 1000, 0.6, (3, 15)), samples))
        told += bool(values)
        assert values or "distinguish" in sentence or "chance" in sentence
    assert told <= 4


def test_pairs_that_are_not_told_apart_may_come_in_any_order() -> None:
    values, told = done(table([[900, 880, 890], [600, 603, 598], [601, 599, 600]]))
    assert values["size"].value == 1
    assert "rank the 2 of 3 pairs of models that are told apart as all tests do" in told


def test_where_no_test_can_go_nothing_is_left_to_chance() -> None:
    values, told = done(table([[1000, 0], [0, 900], [400, 400]]))
    assert values.keys() == {"size"}
    assert told == "c00, c01 of 2 tests rank 3 models as all tests do: no fewer do."


def test_equal_seeds_give_equal_chances() -> None:
    rng = np.random.default_rng(1)
    given = table(rng.binomial(1000, np.array([0.5, 0.6, 0.7, 0.8])[:, None], (4, 6)))
    one, other = (done(given, seed=seed, draws=50)[0]["chance"].value for seed in (0, 1))
    assert one == done(given, seed=0, draws=50)[0]["chance"].value
    assert 0 < one < 1
    assert other == pytest.approx(one, abs=0.25)


def test_two_models_are_refused() -> None:
    with pytest.raises(UserError, match="needs 3 models with robustness"):
        done(table(DISTINCT[:2]))
