"""Recipes: what to do, as a person writes it in TOML.

A recipe names its inputs, lists its steps with parameters or lists of them, and says what to measure. Reading one
checks its form; the plan (`graftwork.analysis.experiments.planning`) checks it against the methods and the files.
"""

import os
import textwrap
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import tomli_w
from pydantic import ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from .errors import UserError
from .renamed import CurrentName
from .trials import DataFields, FeatureSpec, Frozen

KEPT = "workspace:"
"""Begins the path of a model that the workspace holds already; its name there follows."""
ON_THE_WAY = "@*"
"""After such a name: the checkpoints that were kept while it was trained."""
_WIDTH = 100  # of a comment


class ModelInput(Frozen):
    """One checkpoint, under the name that steps use; ``path`` is a file or folder, or `KEPT` and a model's name.

    A path with ``*`` stands for a series, such as the checkpoints of a training run: steps take each of them, under the
    name and what tells its file from the others; `KEPT`, a name and `ON_THE_WAY` stand for those that its training kept
    with ``keep_every``. ``weights`` says which, where a file holds several sets of them.
    ``network`` names what builds it, where no family recognises it: ``timm:NAME``, ``transformers:CLASS``, or the code
    of one's own, ``file.py:function`` or ``package.module:Class``. ``activation`` declares what its layers are followed
    by, such as ``tanh``, where its file leaves that open, and ``step`` after how many steps of training it was written;
    of a series, one for each file in its order.
    """

    name: str = Field(min_length=1)
    path: str
    weights: str | None = None
    network: str | None = None
    activation: Annotated[str, StringConstraints(to_lower=True, min_length=1)] | None = None
    step: Annotated[float, Field(ge=0)] | tuple[Annotated[float, Field(ge=0)], ...] | None = None


class DataInput(DataFields):
    """One data set, under the name that steps and measures use."""


class Step(Frozen):
    """One operation over every entry of ``of``; an inner list is one group of parents.

    ``seeds`` are its own, in place of the recipe's; ``note`` says why it is there. Keys beyond these are the method's
    parameters.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    method: str
    of: tuple[str | tuple[str, ...], ...] = Field(min_length=1)
    name: str | None = None
    seeds: tuple[int, ...] | None = Field(default=None, min_length=1)
    note: str = ""

    @property
    def label(self) -> str:
        """The step's name, or its method's without the family."""
        return self.name or self.method.split(".", 1)[-1]

    @property
    def parameters(self) -> dict[str, Any]:
        """The method's parameters as written."""
        return dict(self.model_extra or {})


class Measuring(Frozen):
    """What is measured, on which data; keys beyond these are parameters of the measures that have them.

    ``reference`` is the model, an input's or a step's name, that the comparing measures set every model beside.
    ``layers`` asks for layers' values to be kept of every sample, beside those that the measures need; ``pool``,
    ``tokens``, ``dtype`` and ``mixed`` say how, as in `FeatureSpec`.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    data: str
    what: tuple[CurrentName, ...] = ()
    reference: str | None = None
    layers: str | tuple[str, ...] | None = None
    pool: Literal["mean", "flatten", "class", "last", "tokens"] = "mean"
    tokens: int = Field(default=16, ge=1)
    dtype: Literal["float32", "float16", "auto"] = "float32"
    mixed: bool = False

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.what and not self.layers:
            raise ValueError("name measures in 'what', or layers to keep in 'layers'")
        return self

    @property
    def features(self) -> FeatureSpec | None:
        """The layers to keep; None where none are asked for."""
        if not self.layers:
            return None
        layers = (self.layers,) if isinstance(self.layers, str) else self.layers
        return FeatureSpec(layers=layers, pool=self.pool, tokens=self.tokens, dtype=self.dtype, mixed=self.mixed)

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the measures, as written."""
        return dict(self.model_extra or {})


class Fitting(Frozen):
    """What is said of a set of models once they are measured; keys beyond these are the fit's parameters.

    ``of`` names models and steps, all of the recipe where it is empty; ``x`` and ``y`` are measured quantities,
    parameters or facts; ``by`` is what divides the models into groups: ``method``, ``parents``, ``seed``, ``of``, or
    the name of a parameter or a fact.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    what: str
    name: str | None = None
    of: tuple[str, ...] = ()
    x: CurrentName = ""
    y: CurrentName = ""
    by: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The fit's parameters as written."""
        return dict(self.model_extra or {})


class Span(Frozen):
    """Numbers from ``low`` to ``high``, both of them too: evenly, by their logarithm, or in steps."""

    low: float
    high: float
    log: bool = False
    step: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if not self.low < self.high:
            raise ValueError("low must be below high")
        if self.log and (self.low <= 0 or self.step):
            raise ValueError("a span by logarithm begins above 0 and has no step")
        return self


EACH_GROUP = "each group"
Searched = Span | Annotated[tuple[Any, ...], Field(min_length=2)] | Literal["each group"]
Sampler = Literal["bisection", "tpe", "nsga2", "random"]


class Search(Frozen):
    """What is searched for, and where.

    Attributes
    ----------
    goal : str
        ``smallest``: the least of the first objective that keeps what ``keep`` says; ``best``: the best of the first
        objective under what ``under`` says.
    keep : dict
        How much worse than the reference's (or the first model's) a measure may be, in its unit.
    under : dict
        The most that a measure may be, in its unit.
    objectives : tuple of str
        Measures, the one that the goal is about first; the others span the front. Where none is named, the non-zero
        parameters or the accuracy, and all that ``keep`` and ``under`` name.
    trials : int
        How many points are tried at most.
    sampler : str or None
        None bisects where one numeric parameter is searched, and samples by TPE otherwise.
    seed : int
        Seeds every draw.
    tolerance : float
        Where bisection ends: the bracket's width as a share of the span.
    over : dict
        By the step's name, the parameters that are searched: a `Span`, a list of choices, or for ``layers``
        ``each group``, which bisects the amount of each stage in turn.
    """

    goal: Literal["smallest", "best"]
    keep: dict[CurrentName, Annotated[float, Field(ge=0)]] = Field(default={})
    under: dict[CurrentName, float] = Field(default={})
    objectives: tuple[CurrentName, ...] = ()
    trials: int = Field(default=40, ge=1)
    sampler: Sampler | None = None
    seed: int = 0
    tolerance: float = Field(default=0.01, gt=0, lt=1)
    over: dict[str, dict[str, Searched]] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.goal == "smallest" and not self.keep:
            raise ValueError("the smallest needs what it must keep, such as keep = {accuracy = 0.01}")
        if self.goal == "best" and not self.under:
            raise ValueError('the best needs a bound, such as under = {"cost.nominal.nonzeros" = 1e6}')
        return self


class Recipe(Frozen):
    """A whole recipe.

    Attributes
    ----------
    title : str
        Shown with every result.
    note : str
        What it is for; it and the steps' notes are written as comments.
    seeds : tuple of int
        Methods that draw random numbers run once for each; the first seeds the measures.
    model, data, step : tuple
        Inputs and steps, in order; a step may use the inputs and every earlier step.
    measure : Measuring or None
        What is measured on every model.
    search : Search or None
        Which of the steps' parameters are searched, and for what.
    fit : tuple of Fitting
        What is fitted to the measured values afterwards; of a search, over all that it tried.
    """

    title: str = "Untitled"
    note: str = ""
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    model: tuple[ModelInput, ...] = Field(min_length=1)
    data: tuple[DataInput, ...] = ()
    step: tuple[Step, ...] = ()
    measure: Measuring | None = None
    search: Search | None = None
    fit: tuple[Fitting, ...] = ()

    @field_validator("model", "data")
    @classmethod
    def _names_are_unique(cls, inputs: tuple[ModelInput | DataInput, ...]) -> tuple[ModelInput | DataInput, ...]:
        names = [entry.name for entry in inputs]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two entries are called '{name}'")
        return inputs


def parse_recipe(text: str, source: str = "The recipe") -> Recipe:
    """Return the recipe written in ``text``.

    Raises
    ------
    UserError
        If it is not TOML, or has a key or value that no recipe has; names the place.
    """
    try:
        return Recipe.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source} is not valid TOML: {error}.", "Mend that line and run it again.") from error
    except ValidationError as error:
        raise _explain(source, error) from error


def searching(recipe: Recipe, search: Mapping[str, Any], source: str = "The recipe") -> Recipe:
    """Return the recipe with a search, given as its table in TOML is.

    Raises
    ------
    UserError
        As `parse_recipe`.
    """
    try:
        return recipe.replaced(search=dict(search))
    except ValidationError as error:
        raise _explain(source, error) from error


def recipe_text(path: Path) -> str:
    """Return what a recipe's file says.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"The recipe {path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}.",
            "Check the path; recipes are TOML files such as prune.toml.",
        ) from error


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a file.

    Raises
    ------
    UserError
        As `recipe_text` and `parse_recipe`.
    """
    return parse_recipe(recipe_text(path), f"The recipe {path}")


def write_recipe(recipe: Recipe) -> str:
    """Return the recipe as TOML, without what is at its default; notes are comments."""
    content = recipe.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    tables = [(name, table) for name in ("model", "data", "step") for table in content.pop(name, ())]
    measure = content.pop("measure", None)
    parts = [_commented("", content), *(_commented(f"[[{name}]]\n", table) for name, table in tables)]
    return "\n".join([*filter(None, parts), *([_commented("[measure]\n", measure)] if measure else [])])


def _commented(header: str, table: dict[str, Any]) -> str:
    lines = textwrap.wrap(table.pop("note", ""), _WIDTH, initial_indent="# ", subsequent_indent="# ")
    return "".join(f"{line}\n" for line in lines) + header + "".join(f"{_entry(*item)}\n" for item in table.items())


def _entry(name: str, value: Any) -> str:
    key = tomli_w.dumps({name: 0}).removesuffix(" = 0\n")
    return f"{key} = {literal(value)}"


def literal(value: Any) -> str:
    """Return a value as a recipe writes it, on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(_entry(*item) for item in value.items())} }}" if value else "{}"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").removesuffix("\n")


def anchored(recipe: Recipe, folder: Path) -> Recipe:
    """Return the recipe with its relative paths made absolute, taken from ``folder``; links stay links."""

    def anchor(path: str) -> str:
        return (
            path
            if path == "digits" or path.startswith(KEPT)
            else os.path.normpath((folder / Path(path).expanduser()).absolute())
        )

    def anchor_code(network: str | None) -> str | None:
        place, _, name = (network or "").rpartition(":")
        return f"{anchor(place)}:{name}" if place.endswith(".py") else network

    models = tuple(m.replaced(path=anchor(m.path), network=anchor_code(m.network)) for m in recipe.model)
    data = tuple(d.replaced(path=anchor(d.path), tokenizer=d.tokenizer and anchor(d.tokenizer)) for d in recipe.data)
    return recipe.replaced(model=models, data=data)


def _explain(source: str, error: ValidationError) -> UserError:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "its top level"
    if first["type"] == "extra_forbidden":
        return UserError(f"{source} has an unknown key {place}.", "Remove it or mend its spelling.")
    if first["type"] == "missing":
        return UserError(f"{source} lacks {place}.", "Add it; the README shows a whole recipe.")
    return UserError(f"{source}: {place} does not fit: {first['msg']}.", "Mend that value and run it again.")
