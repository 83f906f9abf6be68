"""Fits: what is to be said of a set of models."""

from functools import cached_property
from typing import Any

from pydantic import Field

from ..frozen import Frozen
from ..identity import digest


class FitEntry(Frozen):
    """Models, by identity, under the name that a fit's ``of`` gave them."""

    name: str
    models: tuple[str, ...]


class Measured(Frozen):
    """What a recipe measures with: every parameter of a measure, and the identity of what it compares with."""

    measure: str
    parameters: dict[str, Any]
    reference: str | None = None


class FitSpec(Frozen):
    """What is to be said of a set of models once they are measured.

    Attributes
    ----------
    name : str
        Readable name; not part of the identity.
    fit, version : str, int
        Which fit, in which version of its definition.
    parameters : dict
        Every parameter with its value.
    of : tuple of FitEntry
        The models.
    x, y : str
        A measured quantity, a parameter or a fact of the models; empty where the fit needs none.
    by : str or None
        What models of one group have in common: ``method``, ``parents``, ``seed``, ``of`` (the entry), or the name of
        a parameter or a fact; None for one group.
    data : str or None
        Identity of the data set whose values count, beside those that need no data.
    measured : tuple of Measured
        The recipe's measures, where one that the fit names is not at its defaults or compares: the names mean its
        values.
    """

    name: str
    fit: str
    version: int
    parameters: dict[str, Any] = Field(default_factory=dict)
    of: tuple[FitEntry, ...]
    x: str = ""
    y: str = ""
    by: str | None = None
    data: str | None = None
    measured: tuple[Measured, ...] = ()

    @cached_property
    def identity(self) -> str:
        """Hash of all but the name; what the names mean counts where it is told."""
        return digest(self.model_dump(mode="json", exclude={"name"} if self.measured else {"name", "measured"}))
