"""Shelves: a function in a file of its own becomes a method, a measure, a projection, a preset or a fit.

A shelf finds every module below a package, and every entry point of a group, and keeps what their decorators register.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .catalogue import Entry, Quantity
from .errors import UserError, unknown
from .naming import base_name
from .renamed import current

Kind = Literal["method", "measure", "projection", "preset", "fit"]
Shapes = Mapping[str, Any]
"""A model's tensors: their specs by name."""
Fit = Callable[[Sequence[tuple[str, Shapes]]], None]
"""Says, before anything runs, whether parents (name and tensors of each) suit a method; raises `UserError` if not."""
Reshapes = bool | Callable[[Mapping[str, Any]], bool]
"""Whether a method changes names or shapes of tensors: always, never, or as its parameters say."""
Function = TypeVar("Function", bound=Callable[..., Any])


class Parameters(BaseModel):
    """Parameters of a method, measure, projection, preset or fit; each field says its unit, bounds and meaning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    retired: ClassVar[frozenset[str]] = frozenset()
    """Names that earlier versions took and that change nothing any more, so that what was written with them is read."""


def parameter(
    default: Any,
    description: str,
    *,
    unit: str = "",
    role: Literal["model", "data"] | None = None,
    patterns: Literal["weights", "layers"] | None = None,
    within: str = "",
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
) -> Any:
    """Declare a parameter: its default (``...`` if it must be given), one line of meaning, unit and bounds.

    The unit is empty for a choice or a plain number. A parameter with a role is the name of one of the recipe's models
    or data sets. One of patterns (a list of them, or their table) chooses among the weights that pruning counts or the
    layers of the first parent, or of the model in the parameter ``within``; one that fits nothing is refused before
    anything runs.
    """
    told = {"role": role, "patterns": patterns, "within": within}
    extra: dict[str, Any] = {"unit": unit} | {key: value for key, value in told.items() if value}
    return Field(default, description=description, ge=ge, gt=gt, le=le, lt=lt, json_schema_extra=extra)


@dataclass(frozen=True)
class Registered(Generic[Function]):
    """A registered function, its parameter class, and what the catalogue says of it."""

    entry: Entry
    parameters: type[Parameters]
    function: Function
    needs: tuple[str, ...] = ()
    fits: Fit | None = None
    reshapes: Reshapes = False
    alone: bool = False
    dataless: bool = False
    weighs: bool = False

    def reshapes_with(self, values: Mapping[str, Any]) -> bool:
        """Return whether a method's tensors differ from its first parent's in name or shape, with these parameters."""
        return self.reshapes(values) if callable(self.reshapes) else self.reshapes

    def holds_everywhere(self, value: str) -> bool:
        """Return whether a measure's value, by its full name, is the same beside every data set."""
        sized = {quantity.name for quantity in self.entry.quantities if quantity.sized}
        return self.dataless and base_name(value) not in sized

    def compares(self, value: str) -> bool:
        """Return whether a measure's value or column, by its full name, sets the model beside the reference."""
        compared = {quantity.name for quantity in self.entry.quantities if quantity.compared}
        return self.entry.compares is True or base_name(value) in compared

    def check(self, values: dict[str, Any]) -> Parameters:
        """Return the parameters with their defaults filled in.

        Raises
        ------
        UserError
            If a name is unknown or a value is out of bounds; names the field.
        """
        try:
            return self.parameters.model_validate(self._current(values))
        except ValidationError as error:
            raise self._explain(error) from error

    def _current(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name not in self.parameters.retired}

    def _explain(self, error: ValidationError) -> UserError:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            return unknown(f"parameter of {self.entry.id} called", name, list(self.parameters.model_fields))
        return UserError(
            f"{self.entry.id}: {name or 'parameters'} = {first['input']!r} does not fit: {first['msg'].lower()}.",
            f"See 'graftwork {'presets' if self.entry.kind == 'preset' else 'methods'}' for the bounds of "
            f"{self.entry.id}.",
        )


class Shelf(Generic[Function]):
    """All functions of one kind, found below a package and in an entry-point group."""

    def __init__(self, kind: Kind, package: str, group: str) -> None:
        self.kind: Kind = kind
        self._package = package
        self._group = group
        self._items: dict[str, Registered[Function]] = {}
        self._loaded = False

    def register(
        self,
        name: str,
        *,
        title: str,
        citation: str,
        version: int = 1,
        parents: Literal["one", "many"] = "one",
        stochastic: bool = False,
        quantities: Iterable[Quantity] = (),
        needs: Iterable[str] = (),
        compares: bool | Literal["optional"] = False,
        fits: Fit | None = None,
        reshapes: Reshapes = False,
        alone: bool = False,
        dataless: bool = False,
        weighs: bool = False,
    ) -> Callable[[Function], Function]:
        """Register the decorated function under ``name``.

        The function's parameter annotated with a subclass of `Parameters` gives its schema. Of a method, ``fits`` says
        before anything runs whether parents suit it, and ``reshapes`` that its tensors are not the first parent's in
        name and shape, always or with which parameters. Nothing runs beside a measure that is ``alone``, since it
        times something, on its machine. A measure that is ``dataless`` looks at no sample: any data suit it, and its
        values hold beside every data set, but for those of ``sized`` quantities. One that ``weighs`` heeds the
        samples' weights in all that it says; of any other, people are told that it counts them alike.

        Raises
        ------
        TypeError
            If it has no such parameter, or a field lacks a description.
        ValueError
            If the name is taken.
        """

        def keep(function: Function) -> Function:
            parameters = _parameter_class(function)
            for field, info in parameters.model_fields.items():
                if not info.description:
                    raise TypeError(f"{name}: parameter '{field}' needs a description")
            if name in self._items:
                raise ValueError(f"two {self.kind}s are called '{name}'")
            entry = Entry(
                id=name,
                title=title,
                kind=self.kind,
                summary=(inspect.getdoc(function) or "").split("\n")[0],
                citation=citation,
                version=version,
                parameter_schema=parameters.model_json_schema(),
                parents=parents,
                stochastic=stochastic,
                quantities=tuple(quantities),
                compares=compares,
            )
            self._items[name] = Registered(
                entry, parameters, function, tuple(needs), fits, reshapes, alone, dataless, weighs
            )
            return function

        return keep

    def load(self) -> dict[str, Registered[Function]]:
        """Import every module of the package and every plug-in once; return all that registered, by id."""
        if not self._loaded:
            self._loaded = True
            package = importlib.import_module(self._package)
            for module in pkgutil.walk_packages(package.__path__, self._package + "."):
                importlib.import_module(module.name)
            for plugin in entry_points(group=self._group):
                plugin.load()
        return self._items

    def get(self, name: str) -> Registered[Function]:
        """Return the function registered under ``name``, which may be one of earlier versions.

        Raises
        ------
        UserError
            If there is none; says the nearest.
        """
        items = self.load()
        if current(name) not in items:
            raise unknown(self.kind, name, list(items))
        return items[current(name)]


def _parameter_class(function: Callable[..., Any]) -> type[Parameters]:
    for hint in inspect.get_annotations(function, eval_str=True).values():
        if inspect.isclass(hint) and issubclass(hint, Parameters):
            return hint
    raise TypeError(f"{function.__qualname__} takes no Parameters")
