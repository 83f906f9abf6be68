"""Accuracy on the smallest group of samples by that on the largest, over many models."""

from collections.abc import Iterator

from ...kernels.intervals import Interval
from ..catalogue import Quantity
from ..fits.subpopulations import SubpopulationFit, fit_subpopulations
from . import FITS, Parameters, Remark, Table, Value
from .table import Points
from .wording import each_group, interval_value, within

_ID = "subpopulation.fit"
_AXES = ("subpopulation.majority", "subpopulation.minority")


class SubpopulationFitParameters(Parameters):
    """The fits have no parameters."""

    retired = frozenset({"resamples", "seed"})


@FITS.register(
    _ID,
    title="Minority by majority accuracy",
    citation="Liang et al. 2023, Accuracy on the Curve, arXiv:2305.02995",
    quantities=(
        Quantity(name=f"{_ID}.slope", title="Slope of the line"),
        Quantity(name=f"{_ID}.intercept", title="Intercept of the line"),
        Quantity(name=f"{_ID}.line", title="Variance explained by the line", unit="fraction", better="higher"),
        Quantity(name=f"{_ID}.parabola", title="Variance explained by the parabola", unit="fraction", better="higher"),
        Quantity(name=f"{_ID}.curvature", title="Curvature of the parabola"),
    ),
    version=3,
)
def subpopulation_fit(table: Table, parameters: SubpopulationFitParameters) -> Iterator[Value | Remark]:
    """Fit a line and a parabola to the accuracies of groups of samples, and say whether the curve is one.

    The axes are those of the measure ``subpopulation`` unless x and y name others. In the paper curves that bend
    upwards went with spurious features in the training data: here that is a hint, and of other axes nothing is said.
    The variances explained are of these models, without intervals.
    """
    table = table.with_axes(*_AXES)
    points = {group: table.points(members) for group, members in table.groups().items()}

    def fit(own: Points) -> SubpopulationFit:
        return fit_subpopulations(own.x, own.y)

    for found in each_group(points, fit):
        if isinstance(found, Remark):
            yield found
        else:
            yield from _said(table, *found)


def _said(table: Table, group: str, found: SubpopulationFit) -> Iterator[Value | Remark]:
    for name, coefficient in {"slope": found.slope, "intercept": found.intercept}.items():
        yield interval_value(table.detail(f"{_ID}.{name}", group), coefficient)
    for name, value in {"line": found.line_r2, "parabola": found.parabola_r2}.items():
        yield Value(measure=table.detail(f"{_ID}.{name}", group), value=value, unit="fraction")
    yield interval_value(table.detail(f"{_ID}.curvature", group), found.curvature)
    subject = f"{group}: the" if table.by else "The"
    verdict = _verdict(found.curvature, (table.x, table.y) == _AXES)
    yield Remark(f"{subject} curvature is {within(found.curvature)}; {verdict}.")


def _verdict(curvature: Interval, of_groups: bool) -> str:
    if curvature.low <= 0 <= curvature.high:
        return "the parabola is not distinguishable from a line"
    if curvature.high < 0:
        return "the curve bends downwards"
    return f"the curve bends upwards{', which hints at a spurious feature' if of_groups else ''}"
