"""From a recipe's fits to what is asked of which models."""

from collections.abc import Iterator, Mapping, Sequence

from ..errors import UserError, unknown
from ..recipe import Fitting, Recipe
from ..sets import FITS
from ..trials import DataSpec, FitEntry, FitSpec, ModelSpec
from .asked import Asked


def plan_fits(
    recipe: Recipe,
    known: Mapping[str, Sequence[ModelSpec]],
    data: Mapping[str, DataSpec],
) -> tuple[FitSpec, ...]:
    """Return the recipe's fits over the models that its names stand for.

    Raises
    ------
    UserError
        If a name or a parameter is wrong, or what is fitted is not measured.
    """
    if not recipe.fit:
        return ()
    if recipe.measure is None:
        raise UserError("The recipe fits what it does not measure.", "Say below [measure] what, and on which data.")
    asked = Asked.of(recipe.measure)
    reference = known[recipe.measure.reference][0].identity if recipe.measure.reference else None
    return tuple(_spec(fitting, known, asked, reference, data[recipe.measure.data]) for fitting in recipe.fit)


def _spec(
    fitting: Fitting,
    known: Mapping[str, Sequence[ModelSpec]],
    asked: Asked,
    reference: str | None,
    data: DataSpec,
) -> FitSpec:
    fit = FITS.get(fitting.what)
    parameters = fit.check(fitting.parameters).model_dump(mode="json")
    plain = [asked.plain(name) for name in (fitting.x, *_texts(parameters)) if asked.owns(name)]
    y = asked.plain(fitting.y) if fitting.y else ""
    return FitSpec(
        name=fitting.name or fitting.what,
        fit=fitting.what,
        version=fit.entry.version,
        parameters=parameters,
        of=tuple(_entry(name, known) for name in fitting.of or known),
        x=plain[0] if asked.owns(fitting.x) else fitting.x,
        y=y,
        by=fitting.by,
        data=data.identity,
        measured=asked.measured(reference) if any(map(asked.tells, (*plain, y))) else (),
    )


def _texts(parameters: Mapping[str, object]) -> Iterator[str]:
    for value in parameters.values():
        yield from (text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str))


def _entry(name: str, known: Mapping[str, Sequence[ModelSpec]]) -> FitEntry:
    if name not in known:
        raise unknown("model or step", name, list(known))
    return FitEntry(name=name, models=tuple(model.identity for model in known[name]))
