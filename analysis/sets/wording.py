"""What fits share: values with intervals, groups that do not suffice, numbers in sentences."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from ...kernels.intervals import Interval
from ..errors import UserError
from ..trials import Value
from . import Remark
from .table import Floats, Points

Fitted = TypeVar("Fitted")


def interval_value(measure: str, found: Interval, unit: str = "") -> Value:
    """Return a value with the bounds of its interval."""
    return Value(measure=measure, value=found.mean, low=found.low, high=found.high, unit=unit)


def each_group(points: Mapping[str, Points], fit: Callable[[Points], Fitted]) -> Iterator[tuple[str, Fitted] | Remark]:
    """Fit every group; one that does not suffice gets a remark.

    Raises
    ------
    UserError
        If none suffices: what the first one lacks.
    """
    refusals: dict[str, UserError] = {}
    for group, own in points.items():
        try:
            yield group, fit(own)
        except UserError as error:
            refusals[group] = error
    if len(refusals) == len(points):
        raise next(iter(refusals.values()))
    for group, refusal in refusals.items():
        yield Remark(f"{group} is left out: {refusal.problem}")


def number(value: float) -> str:
    """Return a number as a sentence has it."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def within(found: Interval) -> str:
    """Return a number with its interval as a sentence has them."""
    return f"{number(found.mean)} ({number(found.low)} to {number(found.high)})"


def outside(sizes: Floats, at: float) -> str:
    """Return what a sentence adds to a size that lies outside those of the models, nothing to one among them."""
    least, most = float(sizes.min()), float(sizes.max())
    if least <= at <= most:
        return ""
    side, end = ("below the smallest", least) if at < least else ("beyond the largest", most)
    return f", {side} that was measured, {number(end)},"
