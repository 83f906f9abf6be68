"""Fits over many models, on data whose law is known."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import curve_fit

from graftwork.analysis.errors import UserError
from graftwork.analysis.fits.comparison import Curve, compare
from graftwork.analysis.fits.density import density, reference_curve
from graftwork.analysis.fits.difficulty import fit_difficulty
from graftwork.analysis.fits.power_law import PowerLaw, crossings, fit_power_law, forecast
from graftwork.analysis.fits.subpopulations import fit_subpopulations
from graftwork.kernels.intervals import Interval

SIZES = np.geomspace(1e3, 1e8, 12)
LAW, FLATTER = PowerLaw(4.0, -0.3, 0.02), PowerLaw(4.0, -0.25, 0.02)


def _noisy(law: PowerLaw, seed: int, noise: float = 0.02) -> np.ndarray:
    return law.at(SIZES) * (1 + noise * np.random.default_rng(seed).normal(size=len(SIZES)))


@pytest.mark.parametrize("law", [LAW, PowerLaw(0.5, -0.05, 0.0), PowerLaw(1e6, -1.5, 0.1), PowerLaw(4.0, -0.3, 0.0)])
def test_a_law_without_noise_is_found(law: PowerLaw) -> None:
    found = fit_power_law(SIZES, law.at(SIZES), resamples=2)
    np.testing.assert_allclose(found.law.at(SIZES), law.at(SIZES), rtol=1e-4)
    assert found.law.beta == pytest.approx(law.beta, rel=1e-2)
    assert found.residual < 1e-4


def test_the_fit_is_scipys_optimum() -> None:
    errors = _noisy(LAW, 0, 0.05)
    best, _ = curve_fit(lambda n, a, b, c: a * n**b + c, SIZES, errors, p0=LAW, sigma=errors, maxfev=20_000)
    found = fit_power_law(SIZES, errors, resamples=2).law
    np.testing.assert_allclose(found.at(SIZES), PowerLaw(*best).at(SIZES), rtol=1e-4)


def test_intervals_hold_the_true_law_about_as_often_as_they_say() -> None:
    held = 0
    for seed in range(20):
        beta = fit_power_law(SIZES, _noisy(LAW, seed), seed, resamples=40).interval("beta")
        held += beta.low <= LAW.beta <= beta.high
    assert held >= 15


def test_intervals_from_few_points_hold_it_too() -> None:
    few, held = SIZES[::2], 0
    for seed in range(20):
        beta = fit_power_law(few, _noisy(LAW, seed)[::2], seed, resamples=40).interval("beta")
        held += beta.low <= LAW.beta <= beta.high
    assert held >= 16


def test_a_law_that_rises_or_stays_is_flat() -> None:
    rising = fit_power_law(SIZES, np.linspace(0.1, 0.2, 12), resamples=2).law
    assert rising.alpha == 0
    assert rising.at(1e3) == rising.at(1e8)


def test_the_size_for_an_error_undoes_the_law() -> None:
    assert LAW.size_for(float(LAW.at(12345.0))) == pytest.approx(12345)
    assert LAW.size_for(0.02) == LAW.size_for(0.01) == float("inf")


def test_crossings_are_where_the_laws_are_equal() -> None:
    other = PowerLaw(20.0, -0.5, 0.05)
    (first, second) = crossings(LAW, other, 1, 1e9)
    for size in (first, second):
        assert LAW.at(size) == pytest.approx(float(other.at(size)))
    assert first < second
    assert crossings(LAW, other, second * 2, 1e9) == ()


def test_the_end_is_forecast_from_a_prefix_and_said_to_have_settled() -> None:
    found = forecast(SIZES[:9], _noisy(LAW, 1, 0.005)[:9], 1e8, threshold=0.01)
    assert found.error.low <= float(LAW.at(1e8)) <= found.error.high
    assert found.error.mean == pytest.approx(float(LAW.at(1e8)), abs=0.01)
    assert np.isnan(found.path[:3]).all()
    assert found.settled is not None
    assert np.ptp(found.path[found.settled - 3 : found.settled]) <= 0.01
    assert forecast(SIZES[:6], _noisy(LAW, 1, 0.2)[:6], 1e8, threshold=1e-9).settled is None


def test_what_has_no_law_is_refused() -> None:
    with pytest.raises(UserError, match="needs 4 different sizes, and there are 2"):
        fit_power_law([1, 1, 2, 2], [1, 1, 1, 1])
    with pytest.raises(UserError, match="above 0"):
        fit_power_law(SIZES, np.zeros(12))


def test_a_variant_as_good_as_a_dense_model_of_twice_its_size_has_density_two() -> None:
    curve = reference_curve(SIZES, _noisy(LAW, 0, 0.01))
    error = float(LAW.at(1e5))
    found = density(curve, 5e4, Interval(error, error, error))
    assert found.density.mean == pytest.approx(2, rel=0.1)
    assert found.density.low < 2 < found.density.high
    assert density(curve, 5e4, Interval(1e-6, 0, 1e-4)).effective.mean == float("inf")


def test_the_interval_of_a_density_holds_it_as_often_as_it_says() -> None:
    curve, spread, held = reference_curve(SIZES, _noisy(LAW, 0, 0.005)), 0.01, 0
    for seed, error in enumerate(np.random.default_rng(0).normal(LAW.at(1e5), spread, 200)):
        found = density(curve, 5e4, Interval(error, error - 1.96 * spread, error + 1.96 * spread), seed)
        held += found.density.low <= 2 <= found.density.high
    assert held >= 0.93 * 200


def test_difficulty_foresees_what_the_plain_mean_does_not() -> None:
    rng = np.random.default_rng(0)
    levels = [PowerLaw(error * 1e4**-beta, beta, 0.0) for error, beta in ((0.3, -0.4), (0.6, -0.25), (0.9, -0.12))]
    sizes = np.geomspace(1e4, 1e7, 12)

    def draw(size: float) -> np.ndarray:
        chances = [np.full(400, 1 - law.at(size)) for law in levels]
        chances.append(np.full(300, rng.uniform(0.3, 0.7)))  # some that no size helps
        return rng.binomial(20, np.concatenate(chances)) / 20

    found = fit_difficulty(sizes, np.stack([draw(size) for size in sizes]), clusters=4)
    assert [len(set(found.cluster[i : i + 300])) for i in (0, 400, 800, 1200)] == [1, 1, 1, 1]
    assert found.predictable.sum() == 3
    assert not found.predictable[found.cluster[1499]]
    assert (np.diff(found.accuracy.mean(0)) <= 0).all()
    assert found.at(1e8) == pytest.approx(np.mean([draw(1e8).mean() for _ in range(20)]), abs=0.05)


def test_samples_that_all_know_are_predictable_and_erratic_ones_alone_are_not() -> None:
    found = fit_difficulty(SIZES, np.ones((12, 50), bool))
    assert found.predictable.all()
    assert found.at(1e9) == 1
    erratic = np.arange(12)[:, None] % 2 == np.zeros(50)
    with pytest.raises(UserError, match="No group of samples"):
        fit_difficulty(SIZES, erratic)


def test_a_line_and_a_parabola_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 1, 60)
    straight = fit_subpopulations(x, 0.8 * x - 0.1 + rng.normal(0, 0.01, 60))
    assert straight.curvature.low < 0 < straight.curvature.high
    assert straight.slope.low < 0.8 < straight.slope.high
    assert straight.intercept.low < -0.1 < straight.intercept.high
    bent = fit_subpopulations(x, 2 * x**2 - 1.5 * x + 0.3 + rng.normal(0, 0.01, 60))
    assert bent.curvature.low < 2 < bent.curvature.high
    assert bent.curvature.low > 0
    assert bent.parabola_r2 > bent.line_r2
    curve = fit_subpopulations(x, x**2)
    np.testing.assert_allclose(np.polyfit(x, x**2, 1), (curve.slope.mean, curve.intercept.mean))
    with pytest.raises(UserError, match="needs 5 different"):
        fit_subpopulations([0.1] * 9, [0.2] * 9)
    with pytest.raises(UserError, match="All models have the same y"):
        fit_subpopulations(x, np.full(60, 0.2))
    with pytest.raises(UserError, match="one is infinite"):
        fit_subpopulations(x, np.append(x[1:], np.inf))


def test_a_lines_intervals_are_scipys() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(0.5, 0.9, 12)
    y = 0.7 * x + rng.normal(0, 0.02, 12)
    found, expected, t = fit_subpopulations(x, y), stats.linregress(x, y), stats.t.ppf(0.975, 10)
    for own, value, error in (
        (found.slope, expected.slope, expected.stderr),
        (found.intercept, expected.intercept, expected.intercept_stderr),
    ):
        assert own == pytest.approx((value, value - t * error, value + t * error), rel=1e-6)
    assert found.line_r2 == pytest.approx(expected.rvalue**2)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
@pytest.mark.parametrize("shift", [0.0, 1000.0])
def test_rounding_is_no_curvature(scale: float, shift: float) -> None:
    x = scale * (np.linspace(0.3, 0.9, 8) + shift)
    found = fit_subpopulations(x, 0.2 + 0.5 * x)
    assert found.curvature.low < 0 < found.curvature.high
    assert found.slope.mean == pytest.approx(0.5)
    assert found.parabola_r2 == pytest.approx(1)


@pytest.mark.parametrize("models", [5, 8, 40])
def test_a_curvature_is_covered_of_few_models_too(models: int) -> None:
    rng, held = np.random.default_rng(models), 0
    for _ in range(300):
        x = rng.uniform(0.5, 1, models)
        found = fit_subpopulations(x, 0.5 * x**2 + rng.normal(0, 0.01, models)).curvature
        held += found.low <= 0.5 <= found.high
    assert held >= 0.93 * 300


def _curve(law: PowerLaw, seed: int) -> Curve:
    errors = _noisy(law, seed)
    return Curve(SIZES, errors, fit_power_law(SIZES, errors, resamples=2))


def test_the_test_of_two_laws_is_that_of_nested_least_squares() -> None:
    first, second = _curve(LAW, 0), _curve(LAW._replace(alpha=4.1), 1)

    def squares(sizes: np.ndarray, errors: np.ndarray) -> float:
        best, _ = curve_fit(lambda n, a, b, c: a * n**b + c, sizes, errors, p0=LAW, sigma=errors, maxfev=20_000)
        return float(((PowerLaw(*best).at(sizes) / errors - 1) ** 2).sum())

    apart = squares(SIZES, first.errors) + squares(SIZES, second.errors)
    together = squares(np.tile(SIZES, 2), np.concatenate([first.errors, second.errors]))
    freedom = 2 * len(SIZES) - 6
    expected = stats.f.sf((together - apart) / 3 / (apart / freedom), 3, freedom)
    assert compare(first, second, 1e3, 1e8).p == pytest.approx(expected, rel=1e-3)


def test_laws_without_noise_are_one_or_two() -> None:
    exact = (law.at(SIZES) for law in (LAW, FLATTER))
    same, other = (Curve(SIZES, errors, fit_power_law(SIZES, errors, resamples=2)) for errors in exact)
    assert compare(same, same, 1e3, 1e8).p == pytest.approx(1)
    assert compare(same, other, 1e3, 1e8).p < 1e-6
