"""What is searched: numbers and choices of a recipe's steps, and the recipe with their values in place."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UserError, unknown
from ..methods import METHODS
from ..models.layer_names import groups_of
from ..recipe import EACH_GROUP, Recipe, Search, Span, Step

Point = Mapping[str, Any]
"""Values by the key of their dimension."""


@dataclass(frozen=True)
class Number:
    """A number from ``low`` to ``high``; ``layers`` is the pattern of those that it is the own amount of, if any."""

    step: str
    parameter: str
    span: Span
    whole: bool
    layers: str = ""

    @property
    def key(self) -> str:
        """Its name in points."""
        return f"{self.step}.{self.layers or self.parameter}"

    def at(self, share: float) -> float:
        """Return the value at a share of the span, of six significant digits, on the grid where there is one."""
        low, high = self.span.low, self.span.high
        value = low * (high / low) ** share if self.span.log else low + share * (high - low)
        grid = self.span.step or (1 if self.whole else 0)
        value = low + grid * round((value - low) / grid) if grid else value
        value = min(max(float(f"{value:.6g}"), low), high)
        return int(value) if self.whole and value.is_integer() else value

    def share(self, value: float) -> float:
        """Return the share of the span at which a value lies."""
        low, high = self.span.low, self.span.high
        return math.log(value / low) / math.log(high / low) if self.span.log else (value - low) / (high - low)

    @property
    def corners(self) -> tuple[Any, ...]:
        """The values to check before anything runs."""
        return (self.at(0), self.at(1))


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    step: str
    parameter: str
    corners: tuple[Any, ...]

    @property
    def key(self) -> str:
        """Its name in points."""
        return f"{self.step}.{self.parameter}"


Dimension = Number | Choice
Layers = Callable[[str], tuple[str, ...]]
"""Gives the weights that pruning counts of a model, by its name in the recipe."""


def dimensions(recipe: Recipe, layers: Layers) -> tuple[Dimension, ...]:
    """Return what a recipe searches, in its order.

    Raises
    ------
    UserError
        If a step or parameter is not there, is set already, or cannot take such values.
    """
    assert recipe.search
    return tuple(
        found
        for name, searched in recipe.search.over.items()
        for found in _dimensions(_step(recipe, name), searched, layers)
    )


def corners(space: Sequence[Dimension]) -> Iterator[dict[str, Any]]:
    """Give points that together have every dimension at each of its extreme values or choices."""
    for place in range(max(len(dimension.corners) for dimension in space)):
        yield {d.key: d.corners[min(place, len(d.corners) - 1)] for d in space}


def settle(recipe: Recipe, space: Sequence[Dimension], point: Point, *, named: bool = False) -> Recipe:
    """Return the recipe with a point's values in place of the search; ``named`` shows them in the models' names."""
    steps = []
    for step in recipe.step:
        values: dict[str, Any] = {}
        for dimension in space:
            if dimension.step == step.label:
                _place(values, dimension, point[dimension.key], named)
        steps.append(step.replaced(**values))
    return recipe.replaced(step=tuple(steps), search=None)


def _place(values: dict[str, Any], dimension: Dimension, value: Any, named: bool) -> None:
    if isinstance(dimension, Number) and dimension.layers:
        values.setdefault("amounts", {})[dimension.layers] = value
    else:
        # A list of one value is a sweep over it, and what is swept stands in the model's name.
        values[dimension.parameter] = [value] if named else value


def _step(recipe: Recipe, name: str) -> Step:
    found = [step for step in recipe.step if step.label == name]
    if not found:
        raise unknown("step to search called", name, [step.label for step in recipe.step])
    if len(found) > 1:
        raise UserError(f"Two steps are called '{name}', and one of them is searched.", "Give each a name of its own.")
    return found[0]


def _dimensions(step: Step, searched: Mapping[str, Any], layers: Layers) -> Iterator[Dimension]:
    groups = _groups(step, searched, layers) if searched.get("layers") == EACH_GROUP else ("",)
    for name, values in searched.items():
        _check(step, name, values)
        if isinstance(values, Span):
            for group in groups if name == "amount" else ("",):
                yield Number(step.label, name, values, _kind(step, name) == "integer", group)
        elif values != EACH_GROUP:
            yield Choice(step.label, name, values)


def _groups(step: Step, searched: Mapping[str, Any], layers: Layers) -> tuple[str, ...]:
    if "amounts" not in METHODS.get(step.method).parameters.model_fields or not isinstance(
        searched.get("amount"), Span
    ):
        raise UserError(
            f"Step '{step.label}' has no amount to search in each group of layers.",
            "Search the amount of a method that takes amounts: amount = {low = 0.1, high = 0.95}.",
        )
    parent = step.of[0] if isinstance(step.of[0], str) else step.of[0][0]
    return tuple(f"{group}.*" for group in groups_of(layers(parent)))


def _check(step: Step, name: str, values: Any) -> None:
    fields = METHODS.get(step.method).parameters.model_fields
    if name not in fields:
        raise unknown(f"parameter of {step.method} called", name, list(fields))
    if name in step.parameters:
        raise UserError(
            f"Step '{step.label}': {name} is both set and searched.", "Take it out of the step, or out of the search."
        )
    if isinstance(values, Span) and _kind(step, name) not in ("number", "integer"):
        raise UserError(
            f"Step '{step.label}': {name} is no number, so it has no low and high.", "List its values instead."
        )
    if values == EACH_GROUP and name != "layers":
        raise UserError(f"Step '{step.label}': only layers come in groups, not {name}.", 'Write layers = "each group".')


def _kind(step: Step, name: str) -> str:
    schema = METHODS.get(step.method).entry.parameter_schema["properties"][name]
    kinds = {option.get("type") for option in (schema, *schema.get("anyOf", ()))} - {None, "null"}
    return str(next(iter(kinds))) if len(kinds) == 1 else ""


def default_sampler(search: Search, space: Sequence[Dimension]) -> str:
    """Return the sampler that a recipe names, or the one that suits what it searches."""
    numbers = all(isinstance(dimension, Number) for dimension in space)
    grouped = all(isinstance(dimension, Number) and dimension.layers for dimension in space)
    monotone = grouped and search.goal == "smallest" and not search.under
    return search.sampler or ("bisection" if numbers and (len(space) == 1 or monotone) else "tpe")
