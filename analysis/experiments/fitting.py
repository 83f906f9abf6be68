"""From a recipe's fits to what is asked of which models."""

from collections.abc import Mapping, Sequence

from ..errors import UserError, unknown
from ..measures import MEASURES
from ..recipe import Fitting, Recipe
from ..sets import FITS
from ..trials import DataSpec, FitEntry, FitSpec, MeasureSpec, ModelSpec


def plan_fits(
    recipe: Recipe,
    known: Mapping[str, Sequence[ModelSpec]],
    measures: Sequence[MeasureSpec],
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
    measured = [q.name for m in measures for q in MEASURES.get(m.measure).entry.quantities if not q.per_sample]
    return tuple(_spec(fitting, known, measured, data[recipe.measure.data]) for fitting in recipe.fit)


def _spec(
    fitting: Fitting, known: Mapping[str, Sequence[ModelSpec]], measured: Sequence[str], data: DataSpec
) -> FitSpec:
    fit = FITS.get(fitting.what)
    if fitting.y and not any(fitting.y == name or fitting.y.startswith(f"{name}.") for name in measured):
        raise unknown("quantity among what is measured called", fitting.y, list(measured))
    return FitSpec(
        name=fitting.name or fitting.what,
        fit=fitting.what,
        version=fit.entry.version,
        parameters=fit.check(fitting.parameters).model_dump(mode="json"),
        of=tuple(_entry(name, known) for name in fitting.of or known),
        x=fitting.x,
        y=fitting.y,
        by=fitting.by,
        data=data.identity,
    )


def _entry(name: str, known: Mapping[str, Sequence[ModelSpec]]) -> FitEntry:
    if name not in known:
        raise unknown("model or step", name, list(known))
    return FitEntry(name=name, models=tuple(model.identity for model in known[name]))
