"""References of measures, and the rows that set what is told beside them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isclose
from typing import NamedTuple

from graftwork.analysis.naming import base_name

from ..executing import one_thread
from .material import Material

Numbers = dict[str, float]
"""Values by their full name."""
Compute = Callable[[Material], Numbers]


@dataclass(frozen=True)
class Reference:
    """What gives a measure's values without the program.

    Attributes
    ----------
    measure : str
        Its id.
    by : str
        What computes them, in words.
    compute : callable
        Gives all values that the measure tells, by name.
    tolerance : float
        How far they may differ, relative to the value or, below 1, absolute.
    apart : dict of str to str
        Quantities that are not recomputed, and why.
    material : str
        On which samples: ``digits``, ``pictures`` or ``text``.
    """

    measure: str
    by: str
    compute: Compute
    tolerance: float = 1e-9
    apart: Mapping[str, str] = field(default_factory=dict)
    material: str = "digits"


class Row(NamedTuple):
    """One quantity of a measure: of all its values, that which differs most."""

    quantity: str
    told: float
    reference: float
    by: str
    difference: float
    tolerance: float
    weighted: bool

    @property
    def right(self) -> bool:
        """Whether they differ by no more than the tolerance."""
        return self.difference <= self.tolerance


REFERENCES: dict[str, Reference] = {}


def reference(
    measure: str,
    by: str,
    *,
    tolerance: float = 1e-9,
    apart: Mapping[str, str] | None = None,
    material: str = "digits",
) -> Callable[[Compute], Compute]:
    """Register the decorated function as the reference of a measure."""

    def keep(compute: Compute) -> Compute:
        REFERENCES[measure] = Reference(measure, by, compute, tolerance, apart or {}, material)
        return compute

    return keep


def rows(found: Reference, material: Material) -> Iterator[Row]:
    """Give a row for each quantity of a measure that is recomputed.

    Raises
    ------
    AssertionError
        If the measure tells a value that the reference does not, or the other way round.
    """
    every = material.told(found.measure)
    assert found.apart.keys() <= set(map(base_name, every))
    told = {name: value for name, value in every.items() if base_name(name) not in found.apart}
    with one_thread():
        expected = found.compute(material)
    assert told.keys() == expected.keys()
    for quantity in dict.fromkeys(map(base_name, told)):
        names = [name for name in told if base_name(name) == quantity]
        worst = max(names, key=lambda name: _apart(told[name], expected[name]))
        difference = _apart(told[worst], expected[worst])
        yield Row(worst, told[worst], expected[worst], found.by, difference, found.tolerance, material.weighted)


def table(found: list[Row]) -> Iterator[str]:
    """Give the lines of a table of rows."""
    yield f"{'measure':52} {'weighted':8} {'told':>14} {'reference':>14} {'difference':>10} {'tolerance':>9}  by"
    for row in found:
        numbers = f"{row.told:14.8g} {row.reference:14.8g} {row.difference:10.1e} {row.tolerance:9.0e}"
        yield f"{row.quantity:52} {'yes' if row.weighted else 'no':8} {numbers}  {row.by}"


def _apart(told: float, expected: float) -> float:
    if isclose(told, expected, rel_tol=0, abs_tol=0):  # infinities too
        return 0.0
    return abs(told - expected) / max(1.0, abs(expected))
