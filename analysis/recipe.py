"""Recipes: what to do, as a person writes it in TOML.

A recipe names its inputs, lists its steps with parameters or lists of them, and says what to measure. Reading one
checks its form; the plan (`graftwork.analysis.experiments.planning`) checks it against the methods and the files.
"""

import os
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w
from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from .errors import UserError
from .trials import DataFields, FeatureSpec, Frozen

KEPT = "workspace:"
"""Begins the path of a model that the workspace holds already; its name there follows."""
ON_THE_WAY = "@*"
"""After such a name: the checkpoints that were kept while it was trained."""


class ModelInput(Frozen):
    """One checkpoint, under the name that steps use; ``path`` is a file or folder, or `KEPT` and a model's name.

    A path with ``*`` stands for a series, such as the checkpoints of a training run: steps take each of them, under the
    name and what tells its file from the others; `KEPT`, a name and `ON_THE_WAY` stand for those that its training kept
    with ``keep_every``. ``weights`` says which, where a file holds several sets of them.
    ``network`` names what builds it, where no family recognises it: ``timm:NAME``, ``transformers:CLASS``, or the code
    of one's own, ``file.py:function`` or ``package.module:Class``.
    """

    name: str = Field(min_length=1)
    path: str
    weights: str | None = None
    network: str | None = None


class DataInput(DataFields):
    """One data set, under the name that steps and measures use."""


class Step(Frozen):
    """One operation over every entry of ``of``; an inner list is one group of parents.

    Keys beyond these are the method's parameters.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    method: str
    of: tuple[str | tuple[str, ...], ...] = Field(min_length=1)
    name: str | None = None

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
    what: tuple[str, ...] = ()
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
    x: str = ""
    y: str = ""
    by: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The fit's parameters as written."""
        return dict(self.model_extra or {})


class Recipe(Frozen):
    """A whole recipe.

    Attributes
    ----------
    title : str
        Shown with every result.
    seeds : tuple of int
        Methods that draw random numbers run once for each; the first seeds the measures.
    model, data, step : tuple
        Inputs and steps, in order; a step may use the inputs and every earlier step.
    measure : Measuring or None
        What is measured on every model.
    fit : tuple of Fitting
        What is fitted to the measured values afterwards.
    """

    title: str = "Untitled"
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    model: tuple[ModelInput, ...] = Field(min_length=1)
    data: tuple[DataInput, ...] = ()
    step: tuple[Step, ...] = ()
    measure: Measuring | None = None
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


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a file.

    Raises
    ------
    UserError
        If it cannot be read, or as `parse_recipe`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"The recipe {path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}.",
            "Check the path; recipes are TOML files such as prune.toml.",
        ) from error
    return parse_recipe(text, f"The recipe {path}")


def write_recipe(recipe: Recipe) -> str:
    """Return the recipe as TOML, without what is at its default."""
    return tomli_w.dumps(recipe.model_dump(mode="json", exclude_none=True, exclude_defaults=True))


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

    models = tuple(
        m.model_copy(update={"path": anchor(m.path), "network": anchor_code(m.network)}) for m in recipe.model
    )
    data = tuple(
        d.model_copy(update={"path": anchor(d.path), "tokenizer": d.tokenizer and anchor(d.tokenizer)})
        for d in recipe.data
    )
    return recipe.model_copy(update={"model": models, "data": data})


def _explain(source: str, error: ValidationError) -> UserError:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "its top level"
    if first["type"] == "extra_forbidden":
        return UserError(f"{source} has an unknown key {place}.", "Remove it or mend its spelling.")
    if first["type"] == "missing":
        return UserError(f"{source} lacks {place}.", "Add it; the README shows a whole recipe.")
    return UserError(f"{source}: {place} does not fit: {first['msg']}.", "Mend that value and run it again.")
