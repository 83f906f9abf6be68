"""What the program can do, as data: methods, measures, projections, presets and fits with their parameter schemas.

The worker fills a catalogue from the registered functions; the window, the dialogs and the command line read it and
never import the methods themselves.
"""

from typing import Any, Literal

from .errors import unknown
from .trials import Frozen


class Quantity(Frozen):
    """One number that a measure reports for every model.

    ``better`` says which direction is good, if either is; ``per_sample`` marks a column with a value per sample;
    ``sized`` one that depends on how large the data's samples are, though its measure may look at none; ``compared``
    one that sets the model beside the reference, of a measure that does so where there is one.
    """

    name: str
    title: str
    unit: str = ""
    better: Literal["higher", "lower"] | None = None
    per_sample: bool = False
    sized: bool = False
    compared: bool = False


class Entry(Frozen):
    """A registered function.

    Attributes
    ----------
    id : str
        Its id in recipes, ``family.name``.
    title : str
        Its name in menus.
    kind : str
        What it does: ``method`` makes models, ``measure`` measures them, ``projection`` lays samples out,
        ``preset`` writes a recipe, ``fit`` says something about a set of measured models.
    summary : str
        The function's first docstring line.
    citation : str
        Where its definition comes from.
    version : int
        Raised whenever its results change.
    parameter_schema : dict
        JSON schema of its parameters. A property's ``unit`` and ``role`` (``model`` or ``data``: the value names one)
        stand beside the usual keys.
    parents : str
        ``one`` or ``many``: how many models a method takes.
    stochastic : bool
        Whether a method draws random numbers, so that it runs once a seed.
    quantities : tuple of Quantity
        What a measure reports.
    compares : bool or "optional"
        Whether a measure sets the model beside a reference, or does so where there is one.
    """

    id: str
    title: str
    kind: Literal["method", "measure", "projection", "preset", "fit"]
    summary: str
    citation: str
    version: int
    parameter_schema: dict[str, Any]
    parents: Literal["one", "many"] = "one"
    stochastic: bool = False
    quantities: tuple[Quantity, ...] = ()
    compares: bool | Literal["optional"] = False

    @property
    def family(self) -> str:
        """The id's first part."""
        return self.id.split(".")[0]

    @property
    def defaults(self) -> dict[str, Any]:
        """The parameters' defaults, as JSON values; one that must be given has none."""
        properties = self.parameter_schema.get("properties", {})
        return {name: schema["default"] for name, schema in properties.items() if "default" in schema}


class Catalogue(Frozen):
    """Every registered function."""

    entries: tuple[Entry, ...]

    def of_kind(self, kind: str) -> tuple[Entry, ...]:
        """Return the entries of one kind, by id."""
        return tuple(sorted((e for e in self.entries if e.kind == kind), key=lambda e: e.id))

    def get(self, kind: str, name: str) -> Entry:
        """Return one entry.

        Raises
        ------
        UserError
            If there is none of that name; says the nearest.
        """
        entries = {entry.id: entry for entry in self.of_kind(kind)}
        if name in entries:
            return entries[name]
        raise unknown(kind, name, list(entries))

    def named(self, name: str) -> Entry:
        """Return the entry of that name, of whatever kind.

        Raises
        ------
        UserError
            If there is none; says the nearest.
        """
        entries = {entry.id: entry for entry in self.entries}
        if name in entries:
            return entries[name]
        raise unknown("method, measure or fit", name, list(entries))

    def quantity(self, name: str) -> Quantity | None:
        """Return the declared quantity of that full name, if any measure declares it."""
        return next((q for e in self.entries for q in e.quantities if q.name == name), None)
