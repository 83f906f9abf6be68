"""What fits make of sets that follow no law: too few, all equal, worse with size, of no size."""

from typing import Any

import numpy as np
import pytest

from graftwork.analysis.correctness import Correctness
from graftwork.analysis.errors import UserError
from graftwork.analysis.sets import FITS, FittedCurve, Member, Remark, Table, Value
from graftwork.kernels.packed import pack

SIZES = np.geomspace(1e3, 1e8, 6)
FALLING = 0.6 * (SIZES / 1e3) ** -0.2
ODD = {
    "rising": FALLING[::-1],
    "noise": np.array([0.5, 0.1, 0.9, 0.2, 0.8, 0.05]),
    "last alone": np.array([0.5, 0.5, 0.5, 0.5, 0.5, 0.05]),
}


def members(x: Any, y: Any, method: str | None = None) -> tuple[Member, ...]:
    return tuple(
        Member(f"{method}{place}", f"m{place}", method, values={"n": _value("n", a), "loss": _value("loss", b)})
        for place, (a, b) in enumerate(zip(x, y, strict=True))
    )


def _value(name: str, number: float) -> Value:
    return Value(measure=name, value=float(number))


def done(name: str, table: Table, **parameters: Any) -> tuple[dict[str, Value], list[str], list[FittedCurve]]:
    fit = FITS.get(name)
    found = list(fit.function(table, fit.check(parameters)))
    values = {item.measure.removeprefix(f"{name}."): item for item in found if isinstance(item, Value)}
    remarks = [item.text for item in found if isinstance(item, Remark)]
    return values, remarks, [item for item in found if isinstance(item, FittedCurve)]


@pytest.mark.parametrize("kind", ODD)
def test_no_forecast_is_made_of_what_follows_no_law(kind: str) -> None:
    values, remarks, _ = done("fit.power_law", Table(members(SIZES, ODD[kind]), "n", "loss"), at=1e10)
    assert "forecast" not in values
    assert remarks[0] == "The error does not fall with n." or "follows no power law closely" in remarks[0]
    assert remarks[1] == "The error at n = 1e+10 is not forecast."


def test_errors_that_rise_have_no_law_and_equal_ones_a_level() -> None:
    values, _, curves = done("fit.power_law", Table(members(SIZES, ODD["rising"]), "n", "loss"))
    assert values.keys() == {"residual"}
    assert not curves
    values, remarks, curves = done("fit.power_law", Table(members(SIZES, [0.5] * 6), "n", "loss"), at=1e10)
    assert values.keys() == {"gamma", "residual"}
    assert values["gamma"].value == pytest.approx(0.5)
    assert [curve.words for curve in curves] == ["The error stays at 0.5."]
    assert remarks[1] == "The error at n = 1e+10 is not forecast."


@pytest.mark.parametrize(("at", "words"), [(1e9, ", beyond the largest"), (10.0, ", below the smallest"), (5e4, "")])
def test_a_forecast_says_where_it_leaves_the_data(at: float, words: str) -> None:
    _, remarks, _ = done("fit.power_law", Table(members(SIZES, FALLING), "n", "loss"), at=at)
    assert (" that was measured, " in remarks[0]) == bool(words)
    assert words in remarks[0]


@pytest.mark.parametrize("repeated", [[1e3, 1e3, 1e4, 1e4, 1e5, 1e5], [1e3, 1e4, 1e5]])
def test_a_law_needs_four_different_sizes(repeated: list[float]) -> None:
    table = Table(members(repeated, FALLING[: len(repeated)]), "n", "loss")
    for fit in ("fit.power_law", "fit.density"):
        with pytest.raises(UserError, match="needs 4 different sizes, and there are 3"):
            done(fit, table)


def _beside(dense: Any, *variants: tuple[float, float]) -> Table:
    x, y = zip(*variants, strict=True)
    return Table(members(SIZES, dense) + members(x, y, "prune"), "n", "loss")


@pytest.mark.parametrize("dense", [[0.5] * 6, ODD["rising"]])
def test_no_density_is_told_where_size_is_no_help(dense: Any) -> None:
    with pytest.raises(UserError, match="does not fall with n"):
        done("fit.density", _beside(dense, (1e5, 0.3)))


@pytest.mark.parametrize("odd", [(0.0, 0.3), (-5.0, 0.3), (1e5, np.inf)])
def test_a_model_without_size_or_error_has_no_density(odd: tuple[float, float]) -> None:
    values, remarks, _ = done("fit.density", _beside(FALLING, (1e5, 0.3), odd))
    assert len(values) == 2
    assert [remark for remark in remarks if "m1 is left out: its size is" in remark]


def test_a_poor_curve_of_dense_models_is_said_to_be_one() -> None:
    _, remarks, _ = done("fit.density", _beside(ODD["last alone"], (1e5, 0.3)))
    assert remarks[0].startswith("The dense models follow no power law closely")


def _answered(right: Any, at: float) -> tuple[dict[str, Value], list[str]]:
    found = members(SIZES, FALLING)
    kept = Correctness(tuple(m.identity for m in found), np.stack([pack(row) for row in right]), len(right[0]))
    return done("fit.difficulty", Table(found, "n", correctness=kept), at=at)[:2]


def test_chance_is_rarely_taken_for_a_law_of_difficulty() -> None:
    rng, shares = np.random.default_rng(0), []
    for _ in range(12):
        try:
            shares.append(_answered(rng.random((6, 300)) < 0.5, 1e10)[0]["predictable"].value)
        except UserError:
            shares.append(0.0)
    assert np.mean(shares) < 0.15


def test_a_forecast_by_difficulty_says_where_it_leaves_the_data() -> None:
    rng = np.random.default_rng(0)
    right = [rng.normal(1 - 2 * (n / 1e3) ** -0.3, 1, 300) > rng.normal(0, 0.1, 300) for n in SIZES]
    widths = []
    for at, words in ((1e9, ", beyond the largest"), (10.0, ", below the smallest"), (0.1, ", below the smallest")):
        values, remarks = _answered(right, at)
        assert f"{words} that was measured" in remarks[1]
        low, high = values["forecast"].low, values["forecast"].high
        assert low is not None
        assert high is not None
        widths.append(high - low)
    assert widths[1] < widths[2]
