"""Fits over tables of models whose truth is known, and what they refuse."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from graftwork.analysis.correctness import Correctness
from graftwork.analysis.errors import UserError
from graftwork.analysis.fits.difficulty import fit_difficulty, forecast_interval, misses
from graftwork.analysis.fits.power_law import PowerLaw
from graftwork.analysis.sets import FITS, FittedCurve, Member, Remark, Table, Value
from graftwork.kernels.packed import pack

SIZES = np.geomspace(1e3, 1e7, 12)
STEEP, FLAT = PowerLaw(20.0, -0.4, 0.02), PowerLaw(4.0, -0.2, 0.02)
CROSSING = (20.0 / 4.0) ** (1 / 0.2)  # where both powers are equal: 3125


def member(name: str, method: str | None = None, **numbers: float) -> Member:
    values = {key.replace("__", "."): value for key, value in numbers.items()}
    return Member(
        name, name, method, values={k: Value(measure=k, value=v) for k, v in values.items()}, entries=("all",)
    )


def along(law: PowerLaw, method: str | None, noise: float = 0.0, seed: int = 0) -> tuple[Member, ...]:
    errors = law.at(SIZES) * (1 + noise * np.random.default_rng(seed).normal(size=len(SIZES)))
    return tuple(
        member(f"{method}{place}", method, n=float(n), loss=float(error))
        for place, (n, error) in enumerate(zip(SIZES, errors, strict=True))
    )


def done(name: str, table: Table, **parameters: Any) -> tuple[dict[str, Value], list[str]]:
    fit = FITS.get(name)
    found = list(fit.function(table, fit.check(parameters)))
    remarks = [item.text for item in found if isinstance(item, Remark)]
    return {item.measure: item for item in found if isinstance(item, Value)}, remarks


def test_the_law_behind_the_values_is_found_with_its_forecast() -> None:
    table = Table(along(FLAT, None, noise=0.01), "n", "loss")
    values, remarks = done("fit.power_law", table, at=1e9, threshold=0.02)
    for name, truth in zip(("alpha", "beta", "gamma"), FLAT, strict=True):
        value = values[f"fit.power_law.{name}"]
        assert value.low is not None
        assert value.high is not None
        assert value.low <= truth <= value.high
    assert values["fit.power_law.forecast"].value == pytest.approx(float(FLAT.at(1e9)), abs=0.02)
    assert values["fit.power_law.settled"].value <= 12
    assert remarks[0].startswith(
        "The error at n = 1e+09, beyond the largest that was measured, 10,000,000, is forecast"
    )


def test_laws_that_cross_are_said_to_cross_where_they_do() -> None:
    members = along(STEEP, "steep", 0.01, 1) + along(FLAT, "flat", 0.01, 2)
    values, remarks = done("fit.power_law", Table(members, "n", "loss", "method"))
    crossing = values["fit.power_law.crossing.pair.steep.flat"]
    assert crossing.value == pytest.approx(CROSSING, rel=0.3)
    assert crossing.low is not None
    assert crossing.high is not None
    assert crossing.low <= CROSSING <= crossing.high
    assert remarks[-1].startswith("steep and flat: crossing at n = ")
    assert values["fit.power_law.beta.group.steep"].value == pytest.approx(-0.4, abs=0.05)


def hits(of: Member) -> Member:
    """Return the member with a share of hits in place of its error."""
    return replace(
        of, values={**of.values, "loss": Value(measure="loss", value=1 - of.number("loss"), unit="fraction")}
    )


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_a_law_is_given_as_a_curve_with_its_band_in_the_units_of_y(better: Any) -> None:
    members = along(FLAT, "net", 0.02)
    table = Table(tuple(map(hits, members)) if better == "higher" else members, "n", "loss", "method", {"loss": better})
    fit = FITS.get("fit.power_law")
    (curve,) = [item for item in fit.function(table, fit.check({"at": 1e8})) if isinstance(item, FittedCurve)]
    assert curve.group == "net"
    assert (curve.x[0], curve.x[-1]) == pytest.approx((1e3, 1e8))
    truth = FLAT.at(curve.x) if better == "lower" else 1 - FLAT.at(curve.x)
    low, y, high = np.array(curve.low), np.array(curve.y), np.array(curve.high)
    np.testing.assert_allclose(y, truth, atol=0.05)
    assert ((low <= y) & (y <= high)).all()
    assert ((low <= truth) & (truth <= high)).mean() > 0.9
    assert curve.words.startswith("Error with exponent -0.")


def test_the_curve_of_the_dense_models_is_given() -> None:
    members = (*along(FLAT, "source", 0.01), member("small", "prune", n=1e4, loss=0.6))
    table, fit = Table(members, "n", "loss", "method"), FITS.get("fit.density")
    (curve,) = [item for item in fit.function(table, fit.check({})) if isinstance(item, FittedCurve)]
    assert curve.group == "source"
    np.testing.assert_allclose(curve.y, FLAT.at(curve.x), rtol=0.05)


def test_equal_laws_are_not_distinguishable_about_as_often_as_is_said() -> None:
    told = 0
    for seed in range(40):
        members = along(FLAT, "one", 0.05, seed) + along(FLAT, "two", 0.05, seed + 100)
        values, remarks = done("fit.power_law", Table(members, "n", "loss", "method"), resamples=20)
        p = values["fit.power_law.difference.pair.one.two"].value
        assert ("not distinguishable between n = 1,000 and 10,000,000" in remarks[-1]) == (p > 0.05)
        told += p <= 0.05
    assert told <= 6


def test_values_that_follow_no_law_are_said_to_follow_none() -> None:
    law, errors = along(FLAT, None), np.random.default_rng(0).uniform(0.1, 1, len(SIZES))
    jumps = tuple(member(m.name, n=m.number("n"), loss=float(error)) for m, error in zip(law, errors, strict=True))
    assert "follows no power law closely" in done("fit.power_law", Table(jumps, "n", "loss"))[1][0]
    assert done("fit.power_law", Table(law, "n", "loss"))[1] == []


def test_a_law_that_lies_below_is_said_to_be_the_better_one() -> None:
    lower = PowerLaw(2.0, -0.2, 0.01)
    members = along(FLAT, "high", 0.01, 1) + along(lower, "low", 0.01, 2)
    _, remarks = done("fit.power_law", Table(members, "n", "loss", "method"))
    assert remarks[-1].startswith("low has the lower error than high")


def test_of_a_share_of_which_more_is_better_the_error_is_fitted() -> None:
    shares = [
        Member(
            str(n),
            str(n),
            parameters={"n": n},
            values={"accuracy": Value(measure="accuracy", value=v, unit="fraction")},
        )
        for n, v in zip(SIZES, 1 - STEEP.at(SIZES) / 2, strict=True)
    ]
    values, _ = done("fit.power_law", Table(tuple(shares), "n", "accuracy", better={"accuracy": "higher"}))
    assert values["fit.power_law.beta"].value == pytest.approx(-0.4, abs=0.01)


def test_more_of_what_is_no_share_is_refused_as_an_error() -> None:
    with pytest.raises(UserError, match="a law is of an error"):
        done("fit.power_law", Table(along(FLAT, None), "n", "loss", better={"loss": "higher"}))


def test_equal_tables_give_equal_answers() -> None:
    table = Table(along(STEEP, "a", 0.05, 1) + along(FLAT, "b", 0.05, 2), "n", "loss", "method")
    assert done("fit.power_law", table, resamples=30) == done("fit.power_law", table, resamples=30)
    assert done("fit.power_law", table, resamples=30) != done("fit.power_law", table, resamples=30, seed=1)


def test_too_few_points_are_refused_with_the_number_that_is_needed() -> None:
    with pytest.raises(UserError, match="needs 4 different sizes, and there are 3"):
        done("fit.power_law", Table(along(FLAT, None)[:3], "n", "loss"))


def test_a_group_that_does_not_suffice_is_left_out_and_named() -> None:
    members = along(FLAT, "many") + along(FLAT, "few")[:2]
    values, remarks = done("fit.power_law", Table(members, "n", "loss", "method"))
    assert "fit.power_law.beta.group.many" in values
    assert "few is left out: A power law needs 4 different sizes, and there are 2." in remarks


@pytest.mark.parametrize(("x", "y"), [("nn", "loss"), ("n", "los"), ("", "loss"), ("n", "")])
def test_a_quantity_that_no_model_has_is_refused(x: str, y: str) -> None:
    with pytest.raises(UserError, match=r"There is no quantity|The fit has no"):
        done("fit.power_law", Table(along(FLAT, None), x, y))


def test_a_trait_that_no_model_has_is_refused() -> None:
    with pytest.raises(UserError, match="None of the models has 'colour'"):
        done("fit.power_law", Table(along(FLAT, None), "n", "loss", "colour"))


def test_a_variant_half_as_large_as_its_equal_has_density_two() -> None:
    variant = member("variant", "prune", n=5e4, loss=float(FLAT.at(1e5)))
    beyond = member("beyond", "prune", n=5e4, loss=0.01)
    table = Table((*along(FLAT, None, 0.005), variant, beyond), "n", "loss")
    values, remarks = done("fit.density", table)
    assert values["fit.density.model.variant"].value == pytest.approx(2, rel=0.1)
    assert values["fit.density.effective.model.variant"].value == pytest.approx(1e5, rel=0.1)
    assert values["fit.density.model.beyond"].value == float("inf")
    assert remarks[0].startswith("variant has density 2")
    assert remarks[1] == "beyond is better than the dense models' limit."
    with pytest.raises(UserError, match="no group of models called 'dens'"):
        done("fit.density", table, dense="dens")


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (300, "below the smallest dense model, 1,000."),
        (1e5, ""),
        (5e7, "beyond the largest dense model, 10,000,000."),
    ],
)
@pytest.mark.parametrize("better", ["lower", "higher"])
def test_a_density_beyond_the_dense_models_is_said_to_be_extrapolated(size: float, said: str, better: Any) -> None:
    variant = member("variant", "prune", n=5e4, loss=float(FLAT.at(size)))
    members = (*along(FLAT, None), variant)
    table = Table(tuple(map(hits, members)) if better == "higher" else members, "n", "loss", None, {"loss": better})
    _, remarks = done("fit.density", table)
    assert ["extrapolated" in remark for remark in remarks] == ([False, True] if said else [False])
    assert said in remarks[-1]


def test_a_density_is_no_surer_than_the_models_own_accuracy() -> None:
    def told(reach: float) -> Value:
        error = float(FLAT.at(1e5))
        own = Value(measure="loss", value=1 - error, low=1 - error - reach, high=1 - error + reach, unit="fraction")
        variant = replace(member("variant", "prune", n=5e4, loss=0), values={"n": VALUE, "loss": own})
        table = Table((*map(hits, along(FLAT, None, 0.005)), variant), "n", "loss", None, {"loss": "higher"})
        return done("fit.density", table)[0]["fit.density.model.variant"]

    sure, unsure = told(0.001), told(0.05)
    assert sure.value == unsure.value
    assert sure.low is not None
    assert unsure.low is not None
    assert unsure.low < sure.low < 2


VALUE = Value(measure="n", value=5e4)


def _learnt(sizes: np.ndarray, samples: int = 400, attempts: int = 12) -> Table:
    """Return models that have one half of the samples right by a law, and the other half by chance."""
    rng = np.random.default_rng(0)
    law = PowerLaw(5.0, -0.3, 0.0)
    members = tuple(member(f"{n:.0f}-{a}", None, n=float(n)) for n in sizes for a in range(attempts))
    chance = np.repeat([1.0, 0.5], samples // 2)
    rates = [np.where(chance == 1, 1 - law.at(m.number("n")), 0.5) for m in members]
    rows = np.array([rng.random(samples) < rate for rate in rates])
    kept = Correctness(tuple(m.identity for m in members), pack(rows), samples)
    return Table(members, "n", correctness=kept)


def test_accuracy_is_extrapolated_from_the_samples_that_follow_a_law() -> None:
    table = _learnt(np.geomspace(500, 8000, 6))
    values, remarks = done("fit.difficulty", table, at=1e5, clusters=2, tolerance=0.03)
    truth = 0.5 * (1 - 5 * 1e5**-0.3) + 0.25
    forecast = values["fit.difficulty.forecast"]
    assert forecast.value == pytest.approx(truth, abs=0.06)
    assert forecast.low is not None
    assert forecast.high is not None
    assert forecast.low < truth < forecast.high
    assert abs(values["fit.difficulty.miss"].value) < 0.06
    assert remarks[-1].startswith("From the smaller sizes")


@pytest.mark.parametrize("attempts", [1, 4])
def test_forecasts_of_planted_laws_are_not_biased_and_held_by_their_intervals(attempts: int) -> None:
    rng, sizes = np.random.default_rng(attempts), np.geomspace(1e5, 1e7, 7)
    errors, held = [], []
    laws = PowerLaw(0.6 * 1e5**0.5, -0.5, 0.02), PowerLaw(0.9 * 1e5**0.25, -0.25, 0.05)
    for _ in range(5):
        rates = np.repeat([1 - law.at(sizes) for law in laws], 200, axis=0).T
        right = rng.binomial(attempts, rates) / attempts
        found, missed = fit_difficulty(sizes, right), misses(sizes, right)
        told = forecast_interval(found, sizes, missed, 1e8)
        truth = np.mean([1 - law.at(1e8) for law in laws])
        errors.append(told.mean - truth)
        held.append(told.low <= truth <= told.high)
    assert abs(np.mean(errors)) < 0.03
    assert all(held)


def test_a_forecast_that_cannot_be_checked_is_not_given() -> None:
    values, remarks = done("fit.difficulty", _learnt(np.geomspace(500, 8000, 4)), at=1e5, clusters=2)
    assert set(values) == {"fit.difficulty.predictable"}
    assert remarks[-1] == "There are 4 sizes, and 5 are needed to check a forecast; none is given."


def test_difficulty_without_kept_samples_or_with_few_sizes_is_refused() -> None:
    with pytest.raises(UserError, match="was not kept"):
        done("fit.difficulty", Table(along(FLAT, None), "n"))
    with pytest.raises(UserError, match="needs 4 different sizes, and there are 3"):
        done("fit.difficulty", _learnt(np.array([1e3, 1e4, 1e5])))


def test_one_model_that_wins_most_measures_is_first() -> None:
    members = (
        member("best", a=0.9, b=0.1, c=3.0),
        member("middle", a=0.8, b=0.2, c=2.0),
        member("last", a=0.1, b=0.3, c=1.0),
    )
    table = Table(members, better={"a": "higher", "b": "lower", "c": "higher"})
    values, remarks = done("rank.aggregate", table, measures=["a", "b", "c"])
    for way in ("mean", "borda", "condorcet"):
        assert [values[f"rank.aggregate.{way}.model.{m.name}"].value for m in members] == [1, 2, 3]
    assert remarks == [
        "best beats every other model by majority, and is first by the mean and by Borda's count;"
        " how sure that is, values without intervals do not tell.",
        "Without intervals, and so taken for exact: a, b, c.",
    ]
    assert all(value.low is None for value in values.values())


def _ranked(reach: float, last_reach: float | None) -> tuple[dict[str, Value], list[str]]:
    """Rank four models by three accuracies, each so far apart and with intervals that reach so far."""
    members = []
    for number in range(4):
        reaches = {"a": reach, "b": reach, "c": last_reach}
        values = {
            name: Value(measure=name, value=own, low=own - r, high=own + r)
            if r is not None
            else Value(measure=name, value=own)
            for name, r in reaches.items()
            for own in [0.9 - 0.01 * number]
        }
        members.append(Member(str(number), f"m{number}", values=values))
    return done("rank.aggregate", Table(tuple(members), better=dict.fromkeys("abc", "higher")), measures=list("abc"))


def test_a_rank_is_as_sure_as_its_values() -> None:
    values, remarks = _ranked(0.001, 0.001)
    assert [(v.low, v.high) for v in values.values()] == 3 * [(n, n) for n in (1, 2, 3, 4)]
    assert remarks[0].endswith("; so it does in 100% of draws within the intervals.")
    values, remarks = _ranked(0.1, None)
    first = values["rank.aggregate.borda.model.m0"]
    assert first.low == first.value == 1
    assert first.high is not None
    assert first.high > 1
    assert remarks[0].endswith("% of draws within the intervals, and is not distinguishable from the others.")
    assert remarks[1] == "Without intervals, and so taken for exact: c."


def test_majorities_that_go_round_have_no_winner() -> None:
    members = (member("x", a=3, b=2, c=1), member("y", a=2, b=1, c=3), member("z", a=1, b=3, c=2))
    table = Table(members, better=dict.fromkeys("abc", "higher"))
    assert done("rank.aggregate", table, measures=["a", "b", "c"])[1][0] == "No model beats every other by majority."
    with pytest.raises(UserError, match="neither more nor less is better"):
        done("rank.aggregate", Table(members), measures=["a", "b"])
    with pytest.raises(UserError, match="needs 2 models and 2 measures, and there are 3 and 1"):
        done("rank.aggregate", table, measures=["a"])


def _subpopulations(bend: float) -> Table:
    rng = np.random.default_rng(3)
    x = np.linspace(0.3, 0.95, 40)
    y = 0.8 * x + bend * (x - 0.6) ** 2 - 0.1 + rng.normal(0, 0.005, 40)
    pairs = zip(x, y, strict=True)
    return Table(
        tuple(member(str(a), subpopulation__majority=float(a), subpopulation__minority=float(b)) for a, b in pairs)
    )


def test_a_line_of_subpopulations_is_told_from_a_curve() -> None:
    values, remarks = done("subpopulation.fit", _subpopulations(0))
    assert values["subpopulation.fit.slope"].value == pytest.approx(0.8, abs=0.02)
    assert "not distinguishable from a line" in remarks[0]
    values, remarks = done("subpopulation.fit", _subpopulations(2))
    assert values["subpopulation.fit.curvature"].value == pytest.approx(2, abs=0.2)
    assert "bends upwards, which hints at a spurious feature" in remarks[0]
    assert done("subpopulation.fit", _subpopulations(-2))[1][0].endswith("; the curve bends downwards.")
    swapped = replace(_subpopulations(-2), x="subpopulation.minority", y="subpopulation.majority")
    assert done("subpopulation.fit", swapped)[1][0].endswith("; the curve bends upwards.")
    few = Table(_subpopulations(0).members[:4])
    with pytest.raises(UserError, match="needs 5 different accuracies"):
        done("subpopulation.fit", few)


def _series() -> Iterator[Member]:
    for step in (9, 10, 100, 30, 40, 50):
        yield member(f"run/epoch{step}", loss=1 / step)


@pytest.mark.parametrize("what", ["step", "epoch"])
def test_a_series_is_traced_by_what_its_files_state(what: str) -> None:
    series = [
        Member(m.name, f"net{n}", facts={what: int(1 / m.values["loss"].value)}, values=m.values)
        for n, m in enumerate(_series())
    ]
    values, remarks = done("trace.checkpoints", Table(tuple(series), y="loss", better={"loss": "lower"}))
    assert [name for name in values if ".at." in name] == [
        f"trace.checkpoints.at.{step}" for step in (9, 10, 30, 40, 50, 100)
    ]
    assert values["trace.checkpoints.at.50"].value == 1 / 50
    assert values["trace.checkpoints.best"].value == 100
    assert values["trace.checkpoints.trend"].value == pytest.approx(-1)
    assert remarks[0].startswith("loss falls (Kendall's τ = -1, p = 0.0027")


def test_no_number_in_a_name_is_a_step() -> None:
    values, remarks = done("trace.checkpoints", Table(tuple(_series()), y="loss", better={"loss": "lower"}))
    assert [name for name in values if ".at." in name] == [f"trace.checkpoints.at.{place}" for place in range(1, 7)]
    assert values["trace.checkpoints.at.1"].value == 1 / 9
    assert remarks[0].startswith("No checkpoint states its step: they are in the order of their names")
    with pytest.raises(UserError, match="called 'step'"):
        done("trace.checkpoints", Table(tuple(_series()), x="step", y="loss"))


def test_a_checkpoint_that_states_none_is_left_out_of_those_that_do() -> None:
    first, *others = _series()
    told = [Member(m.name, m.name, facts={"step": n}, values=m.values) for n, m in enumerate(others)]
    values, remarks = done("trace.checkpoints", Table((first, *told), y="loss"))
    assert sum(".at." in name for name in values) == len(told)
    assert remarks[0] == f"1 checkpoint left out, {first.name} first: no step is stated."


def test_no_trend_is_said_of_chance_and_one_checkpoint_is_refused() -> None:
    noise = (0.3, 0.5, 0.4, 0.6, 0.2)
    members = tuple(member(f"run/{n}", loss=value) for n, value in enumerate(noise))
    assert "no trend that is distinguishable from chance" in done("trace.checkpoints", Table(members, y="loss"))[1][-1]
    with pytest.raises(UserError, match="needs 2 checkpoints at different steps, and there are 1"):
        done("trace.checkpoints", Table(members[:1], y="loss"))
