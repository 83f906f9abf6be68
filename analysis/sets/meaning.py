"""What the names that a fit is asked with mean among the values of its models."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from ..naming import giver_among, meant, name_of, plain_name
from ..trials import Measured
from ..workspace import ValueRecord


def meaning(
    values: Iterable[ValueRecord], measured: Sequence[Measured] = (), models: Mapping[str, str] | None = None
) -> Callable[[str], str]:
    """Return what gives the name of the values that a name means; one of no value, such as a parameter's, is its own.

    Parameters
    ----------
    values : iterable of ValueRecord
        Those of the fit's models.
    measured : sequence of Measured
        What the recipe that asked measured them with.
    models : mapping of str to str
        Names of the models, by identity.
    """
    known: dict[str, list[ValueRecord]] = {}
    for value in values:
        known.setdefault(value.measure, []).append(value)
    of_recipe = {each.measure: each for each in measured}

    def named(name: str) -> str:
        plain = plain_name(name)
        asked = of_recipe.get(giver_among(of_recipe, plain) or "")
        found = known.get(plain, [])
        if not found or asked is None:
            return meant(name, found) if found else name
        reference = (models or {}).get(asked.reference or "")
        own = {value.name for value in found if _is_of(value, asked, reference)}
        return next(iter(own), str(name_of(plain, asked.parameters, reference=reference)))

    return named


def _is_of(value: ValueRecord, asked: Measured, reference: str | None) -> bool:
    return value.settings == asked.parameters and value.reference in (None, reference)
