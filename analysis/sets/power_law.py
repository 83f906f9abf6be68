"""Power laws of groups of models, whether they can be told apart, and where they cross."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from ..catalogue import Quantity
from ..correctness import SIGNIFICANT
from ..fits.comparison import Comparison, Curve, compare
from ..fits.power_law import POOR, PowerLawFit, fit_power_law, forecast
from ..registry import parameter
from . import FITS, FittedCurve, Parameters, Remark, Table, Value
from .curves import law_curve
from .table import Floats, Points
from .wording import each_group, interval_value, number, outside, within

_ID = "fit.power_law"


class PowerLawParameters(Parameters):
    """Parameters of the power laws."""

    at: float | None = parameter(None, "Forecast the error at this x.", gt=0)
    threshold: float = parameter(0.01, "How far apart forecasts may lie that count as settled, in units of y.", gt=0)
    patience: int = parameter(3, "How many forecasts in a row must agree.", ge=2)
    resamples: int = parameter(200, "Bootstrap resamples of the intervals.", ge=20, le=10_000)
    seed: int = parameter(0, "Seeds the bootstrap.", ge=0)


@FITS.register(
    _ID,
    title="Power law",
    citation="Hestness et al. 2017, Deep Learning Scaling is Predictable, Empirically, arXiv:1712.00409",
    quantities=(
        Quantity(name=f"{_ID}.alpha", title="Scale α of the law"),
        Quantity(name=f"{_ID}.beta", title="Exponent β of the law"),
        Quantity(name=f"{_ID}.gamma", title="Error γ that stays"),
        Quantity(name=f"{_ID}.residual", title="Typical relative residual", unit="fraction", better="lower"),
        Quantity(name=f"{_ID}.forecast", title="Forecast error", better="lower"),
        Quantity(name=f"{_ID}.settled", title="Points until the forecast had settled", better="lower"),
        Quantity(name=f"{_ID}.difference", title="p-value that two groups follow one law"),
        Quantity(name=f"{_ID}.crossing", title="Where two laws cross"),
    ),
    version=2,
)
def power_law(table: Table, parameters: PowerLawParameters) -> Iterator[Value | Remark | FittedCurve]:
    """Fit y = α·x^β + γ to every group, forecast it, and say of every two groups whether and where they differ.

    In the paper x is the size of the training set, and a point is the best model that was found for it; here x is
    whatever is named, and every model is a point. Exponents are looked for from −5 to −0.001, and α and γ from 0 on,
    which bounds their intervals too. Intervals are those of the law: a single model scatters about it by the residual.
    Errors that do not fall, or follow no power law closely, get no forecast, and where both is so, no law. Of many
    pairs of groups that follow one law, one in 20 is told apart by chance.
    """
    points = {group: table.error_points(members) for group, members in table.groups().items()}
    curves: dict[str, Curve] = {}
    for found in each_group(points, lambda own: _fit(own, parameters)):
        if isinstance(found, Remark):
            yield found
            continue
        group, fit = found
        yield from _law(table, group, fit)
        if _falls(fit) or _is_close(fit):
            curves[group] = Curve(points[group].x, points[group].y, fit)
            yield law_curve(table, group, fit, _reach(points[group], fit, parameters))
        yield from _forecast(table, group, points[group], fit, parameters)
    for first, second in combinations(curves, 2):
        yield from _pair(first, second, curves)


def _fit(points: Points, parameters: PowerLawParameters) -> PowerLawFit:
    return fit_power_law(points.x, points.y, parameters.seed, parameters.resamples)


def _falls(fit: PowerLawFit) -> bool:
    return fit.law.alpha > 0


def _is_close(fit: PowerLawFit) -> bool:
    return fit.residual <= POOR


def _tells(fit: PowerLawFit) -> bool:
    """Return whether a forecast can be made from it."""
    return _falls(fit) and _is_close(fit)


def _reach(points: Points, fit: PowerLawFit, parameters: PowerLawParameters) -> Floats:
    if parameters.at is None or not _tells(fit):
        return points.x
    return np.append(points.x, parameters.at)


def _law(table: Table, group: str, fit: PowerLawFit) -> Iterator[Value | Remark]:
    level = ("gamma",) if _is_close(fit) else ()
    for name in ("alpha", "beta", "gamma") if _falls(fit) else level:
        yield interval_value(table.detail(f"{_ID}.{name}", group), fit.interval(name))
    yield Value(measure=table.detail(f"{_ID}.residual", group), value=fit.residual, unit="fraction")
    if not _falls(fit):
        yield Remark(f"{_subject(table, group)} does not fall with {table.x}.")
    elif not _is_close(fit):
        yield Remark(f"{_subject(table, group)} follows no power law closely: it is typically {fit.residual:.0%} off.")


def _forecast(
    table: Table, group: str, points: Points, fit: PowerLawFit, parameters: PowerLawParameters
) -> Iterator[Value | Remark]:
    if parameters.at is None:
        return
    if not _tells(fit):
        yield Remark(f"{_subject(table, group)} at {table.x} = {number(parameters.at)} is not forecast.")
        return
    expected = forecast(points.x, points.y, parameters.at, parameters.threshold, parameters.patience, parameters.seed)
    yield interval_value(table.detail(f"{_ID}.forecast", group), expected.error)
    place = f"at {table.x} = {number(parameters.at)}{outside(points.x, parameters.at)}"
    subject = f"{_subject(table, group)} {place} is forecast as {within(expected.error)}"
    if expected.settled is None:
        yield Remark(f"{subject}; the forecast has not settled yet.")
    else:
        yield Value(measure=table.detail(f"{_ID}.settled", group), value=expected.settled)
        yield Remark(f"{subject}; it had settled after {expected.settled} of {len(points.x)} points.")


def _pair(first: str, second: str, curves: dict[str, Curve]) -> Iterator[Value | Remark]:
    low = max(float(curves[name].sizes.min()) for name in (first, second))
    high = min(float(curves[name].sizes.max()) for name in (first, second))
    if low >= high:
        yield Remark(f"{first} and {second} have no sizes in common to be compared at.")
        return
    found = compare(curves[first], curves[second], low, high)
    yield Value(measure=f"{_ID}.difference.pair.{first}.{second}", value=found.p)
    if found.p <= SIGNIFICANT and found.crossing:
        yield interval_value(f"{_ID}.crossing.pair.{first}.{second}", found.crossing)
    yield Remark(_verdict(first, second, found, f"between n = {number(low)} and {number(high)}"))


def _verdict(first: str, second: str, found: Comparison, span: str) -> str:
    test = f"F test p = {found.p:.3g}"
    if found.p > SIGNIFICANT:
        return f"{first} and {second} are not distinguishable {span} ({test})."
    if found.crossing is None:
        better, other = (second, first) if found.lower > 0.5 else (first, second)
        return f"{better} has the lower error than {other} {span}; no crossing ({test})."
    share = f"in {found.crossed:.0%} of the resamples"
    return f"{first} and {second}: crossing at n = {within(found.crossing)}, {share} ({test})."


def _subject(table: Table, group: str) -> str:
    return f"The error of {group}" if table.by else "The error"
