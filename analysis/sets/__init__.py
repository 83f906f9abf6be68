"""Fits: one file each, a function that says something about a set of measured models.

A fit is::

    def power_law(table: Table, parameters: PowerLawParameters) -> Iterable[Value | Remark | FittedCurve]

registered by ``@FITS.register("fit.power_law", title=…, citation=…, quantities=…)``. The table is plain data: the
models with what made them and what was measured. ``needs=("correct",)`` asks for what each has right of every sample.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from ..registry import Parameters, Shelf
from ..trials import FittedCurve, Remark, Value
from .table import Member, Table


class Fit(Protocol):
    """The signature of a fit."""

    __qualname__: str

    def __call__(self, table: Table, parameters: Any, /) -> Iterable[Value | Remark | FittedCurve]: ...


FITS: Shelf[Fit] = Shelf("fit", __name__, "graftwork.fits")

__all__ = ["FITS", "Fit", "FittedCurve", "Member", "Parameters", "Remark", "Table", "Value"]
