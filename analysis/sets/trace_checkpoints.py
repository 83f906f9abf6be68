"""Any measure along the checkpoints of a training run."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.stats import kendalltau

from ..catalogue import Quantity
from ..correctness import SIGNIFICANT
from ..errors import UserError
from ..registry import Parameters
from ..wording import counted, natural
from . import FITS, Remark, Table, Value
from .table import Points
from .wording import each_group, number

_ID = "trace.checkpoints"
_FEWEST = 2
_STATED = ("step", "epoch")
_BY_NAME = "place by name"


class TraceParameters(Parameters):
    """A trace has no parameters."""


@FITS.register(
    _ID,
    title="Trace along checkpoints",
    citation="Kendall 1938, A New Measure of Rank Correlation (the trend)",
    version=2,
    quantities=(
        Quantity(name=_ID, title="Value at a step"),
        Quantity(name=f"{_ID}.best", title="Step of the best value"),
        Quantity(name=f"{_ID}.trend", title="Kendall's τ of value and step"),
        Quantity(name=f"{_ID}.p", title="p-value of the trend"),
    ),
)
def trace_checkpoints(table: Table, parameters: TraceParameters) -> Iterator[Value | Remark]:
    """Order y by step, and say whether it rises or falls.

    The step, or else the epoch, is what the checkpoint's files state or the recipe declares, unless x names something
    else. Where none is stated, checkpoints are in the order of their names, which is said.

    Raises
    ------
    UserError
        If fewer than two checkpoints have a step and y.
    """
    if not table.x:
        table = _along_training(table)
        yield from _unstated(table)
    points = {group: table.points(members) for group, members in table.groups().items()}
    for found in each_group(points, _checked):
        if isinstance(found, Remark):
            yield found
        else:
            yield from _trace(table, *found)


def _along_training(table: Table) -> Table:
    """Return the table with what orders its members as x."""
    stated = (what for what in _STATED if any(member.trait(what) is not None for member in table.members))
    x = next(stated, _BY_NAME)
    if x != _BY_NAME:
        return table.with_axes(x, "")
    ordered = sorted(table.members, key=lambda member: natural(member.name))
    placed = {member.identity: place for place, member in enumerate(ordered, 1)}
    members = tuple(replace(m, facts={**m.facts, _BY_NAME: placed[m.identity]}) for m in table.members)
    return replace(table.with_axes(_BY_NAME, ""), members=members)


def _unstated(table: Table) -> Iterator[Remark]:
    left = [member.name for member in table.members if member.trait(table.x) is None]
    if table.x == _BY_NAME:
        yield Remark(
            "No checkpoint states its step: they are in the order of their names, counted from 1. To trace steps, "
            "write step = [\u2026] into their [[model]]."
        )
    elif left:
        yield Remark(f"{counted(len(left), 'checkpoint')} left out, {left[0]} first: no {table.x} is stated.")


def _checked(points: Points) -> Points:
    if len(np.unique(points.x)) < _FEWEST:
        raise UserError(
            f"A trace needs {_FEWEST} checkpoints at different steps, and there are {len(np.unique(points.x))}.",
            'Open a series, path = "run/*.pt", or keep checkpoints with keep_every.',
        )
    return points


def _trace(table: Table, group: str, points: Points) -> Iterator[Value | Remark]:
    for member, x, y in zip(*points, strict=True):
        known = member.values.get(table.y, Value(measure=table.y, value=float(y)))
        yield known.replaced(measure=table.detail(_ID, group, "at", f"{x:g}"))
    direction = table.direction(table.y)
    if direction:
        best = int(points.y.argmax() if direction == "higher" else points.y.argmin())
        yield Value(measure=table.detail(f"{_ID}.best", group), value=float(points.x[best]))
    yield from _trend(table, group, points)


def _trend(table: Table, group: str, points: Points) -> Iterator[Value | Remark]:
    subject = f"{table.y} of {group}" if table.by else table.y
    if np.ptp(points.y) == 0:
        yield Remark(f"{subject} is the same at all {len(points.x)} checkpoints.")
        return
    found = kendalltau(points.x, points.y)
    yield Value(measure=table.detail(f"{_ID}.trend", group), value=float(found.statistic))
    yield Value(measure=table.detail(f"{_ID}.p", group), value=float(found.pvalue))
    words = "rises" if found.statistic > 0 else "falls"
    verdict = words if found.pvalue <= SIGNIFICANT else "has no trend that is distinguishable from chance"
    yield Remark(f"{subject} {verdict} (Kendall's τ = {number(found.statistic)}, p = {found.pvalue:.3g}).")
