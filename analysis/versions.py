"""What was measured by an earlier version of a measure than the rest, which may mean something else."""

from collections.abc import Iterable, Iterator, Mapping

from .workspace import ValueRecord

_NAMED = 3


def earlier(values: Iterable[ValueRecord]) -> dict[str, frozenset[str]]:
    """Return the models, by name, whose value is of an earlier version than another model's, by the value's name."""
    records = [value for value in values if value.version is not None]
    newest: dict[str, int] = {}
    for value in records:
        newest[value.name] = max(newest.get(value.name, 0), value.version or 0)
    found: dict[str, set[str]] = {}
    for value in records:
        if value.version != newest[value.name]:
            found.setdefault(value.name, set()).add(value.model)
    return {name: frozenset(models) for name, models in found.items()}


def remarks(found: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Say it in a sentence, if there is something to be said."""
    if found:
        models = sorted(set().union(*found.values()))
        yield (
            f"Of an earlier version are {_listed(list(found))} of {_listed(models)}: their values or intervals may mean"
            " something else than the others'. Run the recipe again to measure all alike."
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
