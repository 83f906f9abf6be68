"""Density: what size of a dense model a variant is worth."""

from collections.abc import Iterator
from math import isfinite, isinf

from ..catalogue import Quantity
from ..errors import UserError, unknown
from ..fits.density import Density, density, reference_curve
from ..fits.power_law import POOR, PowerLawFit
from ..registry import parameter
from . import FITS, FittedCurve, Member, Parameters, Remark, Table, Value
from .curves import law_curve
from .table import Floats
from .wording import interval_value, number, within

_ID = "fit.density"


class DensityParameters(Parameters):
    """Parameters of the density."""

    dense: str = parameter("source", "The group, as 'by' makes them, whose models are dense and give the curve.")
    seed: int = parameter(0, "Seeds the bootstrap.", ge=0)


@FITS.register(
    _ID,
    title="Density",
    citation="Xiao et al. 2024, Densing Law of LLMs, arXiv:2412.04315",
    quantities=(
        Quantity(name=f"{_ID}.effective", title="Size of a dense model that does as well"),
        Quantity(name=_ID, title="Effective size over actual size", better="higher"),
    ),
    version=3,
)
def model_density(table: Table, parameters: DensityParameters) -> Iterator[Value | Remark | FittedCurve]:
    """Give every other model the size at which the dense models' power law has its error, and that over its own size.

    The models are grouped by method unless ``by`` says otherwise, so that sources are the dense ones. Intervals allow
    for the law and for the interval of the model's own error, which is taken for exact where it has none. A size
    outside those of the dense models is said to be extrapolated. In the paper the curve goes from size and training
    data to the loss, and from there by a sigmoid to the score; here it is one power law from size to error, so that
    models which were trained on more data than the dense ones seem denser.

    Raises
    ------
    UserError
        If there are fewer than four dense models of different size, or their error does not fall with size.
    """
    groups = (table if table.by else table.grouped("method")).groups()
    if parameters.dense not in groups:
        raise unknown("group of models called", parameters.dense, list(groups))
    dense = {member.identity for member in groups[parameters.dense]}
    reference = table.error_points(groups[parameters.dense])
    curve = reference_curve(reference.x, reference.y, parameters.seed)
    if curve.law.alpha == 0:
        raise UserError(f"The error of the dense models does not fall with {table.x}.", "Name other dense models.")
    yield from _caution(curve)
    yield law_curve(table, parameters.dense, curve, reference.x)
    others = table.error_points(tuple(m for m in table.members if m.identity not in dense))
    for member, size, error in zip(*others, strict=True):
        if not (size > 0 and isfinite(error)):
            yield Remark(f"{member.name} is left out: its size is {number(size)}, and its error {number(error)}.")
            continue
        found = density(curve, float(size), table.error_interval(member, float(error)), parameters.seed)
        yield from _of_model(member, found)
        yield from _beyond(member, found, reference.x)


def _caution(curve: PowerLawFit) -> Iterator[Remark]:
    if curve.residual > POOR:
        yield Remark(f"The dense models follow no power law closely: they are typically {curve.residual:.0%} off.")


def _of_model(member: Member, found: Density) -> Iterator[Value | Remark]:
    yield interval_value(f"{_ID}.effective.model.{member.name}", found.effective)
    yield interval_value(f"{_ID}.model.{member.name}", found.density)
    yield Remark(f"{member.name} {_verdict(found)}.")


def _beyond(member: Member, found: Density, sizes: Floats) -> Iterator[Remark]:
    """Say where an effective size lies outside the sizes of the dense models."""
    size, least, most = found.effective.mean, float(sizes.min()), float(sizes.max())
    if isinf(size) or least <= size <= most:
        return
    side, end = ("below the smallest", least) if size < least else ("beyond the largest", most)
    yield Remark(f"The effective size of {member.name} is extrapolated: it lies {side} dense model, {number(end)}.")


def _verdict(found: Density) -> str:
    if isinf(found.effective.mean):
        return "is better than the dense models' limit"
    told = found.density.low > 1 or found.density.high < 1
    return f"has density {within(found.density)}{'' if told else ', not distinguishable from 1'}"
