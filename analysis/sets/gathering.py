"""From a workspace to the table of a fit, and what that table depends on."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from ..columns import read_column, read_octets
from ..correctness import Correctness, read_rows
from ..identity import digest
from ..measured import Row, rows_on
from ..trials import FitSpec, Value
from ..weights import WEIGHT, Weights, relative
from ..workspace import ModelRecord, ValueRecord, Workspace
from .meaning import meaning
from .table import Member


def members_of(space: Workspace, spec: FitSpec) -> tuple[Member, ...]:
    """Return the models of a fit that the workspace holds, in its order, with what was measured of them."""
    entries = _entries(spec)
    values = _values(_rows(space, spec))
    models = {model.identity: model for model in space.models()}
    return tuple(
        _member(model, values.get(model.name, {}), entries[model.identity], _progress(model, models))
        for model in models.values()
        if model.identity in entries
    )


def named_in(space: Workspace, spec: FitSpec) -> Callable[[str], str]:
    """Return what says which values of its models a fit means by a name."""
    values = (value for row in _rows(space, spec) for value in row.values.values())
    return meaning(values, spec.measured, {model.identity: model.name for model in space.models()})


def cautions_of(space: Workspace, spec: FitSpec) -> tuple[str, ...]:
    """Return what is to be known of a fit's values besides the values, a sentence each."""
    rows = _rows(space, spec)
    count = len({row.model for row in rows})
    learnt = len({row.model for row in rows if row.overlap})
    seeds = Counter(row.model for row in rows)
    several = sum(number > 1 for number in seeds.values())
    told = {
        f"{learnt} of {count} models have learnt from samples that they are measured on.": learnt,
        f"{several} of {count} models were measured with several seeds: their values are means.": several,
    }
    return tuple(sentence for sentence, holds in told.items() if holds)


def inputs_of(space: Workspace, spec: FitSpec) -> str:
    """Return the identity of all that a fit looks at: another one once a value, a fact or a sample's result changed."""
    files = {model: file.name for model, file in _correct_files(space, spec).items()}
    return digest(repr((members_of(space, spec), sorted(files.items()))))


def correctness_of(space: Workspace, spec: FitSpec) -> Correctness | None:
    """Return what the fit's models have right of every sample; None where that was kept of none."""
    files = _correct_files(space, spec)
    if not files:
        return None
    samples = read_octets(next(iter(files.values())), "correct")[1]
    return Correctness(tuple(files), read_rows(files.values()), samples, _weights(space, spec))


def _weights(space: Workspace, spec: FitSpec) -> Weights:
    """Return what the samples of the fit's data weigh."""
    file = next((c.path for c in space.columns() if (c.data, c.name) == (spec.data, WEIGHT)), None)
    return relative(read_column(file, WEIGHT)) if file else None


def _entries(spec: FitSpec) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in spec.of:
        for model in entry.models:
            found[model] = (*found.get(model, ()), entry.name)
    return found


def _rows(space: Workspace, spec: FitSpec) -> tuple[Row, ...]:
    """Return the rows of the fit's models on its data, or of what no data went into."""
    wanted = {model for entry in spec.of for model in entry.models}
    names = {model.name for model in space.models() if model.identity in wanted}
    data = next((data.name for data in space.datasets() if data.identity == spec.data), None)
    return tuple(row for row in rows_on(space.values(), data) if row.model in names)


def _values(rows: Iterable[Row]) -> dict[str, dict[str, Value]]:
    """Return every value by its name, the mean over the seeds that it was measured with, by the model's name."""
    found: dict[str, dict[str, list[ValueRecord]]] = {}
    for row in rows:
        for measure, record in row.values.items():
            found.setdefault(row.model, {}).setdefault(measure, []).append(record)
    return {model: {name: _mean(records) for name, records in each.items()} for model, each in found.items()}


def _mean(records: Sequence[ValueRecord]) -> Value:
    value, low, high = (_mean_of([getattr(record, field) for record in records]) for field in ("value", "low", "high"))
    assert value is not None, "every record has a value"
    return Value(measure=records[0].name, value=value, low=low, high=high, unit=records[0].unit)


def _mean_of(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return None if len(known) < len(numbers) else known[0] if len(known) == 1 else fmean(known)


def _progress(model: ModelRecord, models: Mapping[str, ModelRecord]) -> dict[str, Any]:
    """Return the step and the epoch that a model states, or the one that it was made of without more training."""
    stated: dict[str, Any] = {name: model.facts[name] for name in ("step", "epoch") if name in model.facts}
    if stated or len(model.parents) != 1 or "training" in model.facts:
        return stated
    return _progress(models[model.parents[0].identity], models)


def _member(
    model: ModelRecord, values: Mapping[str, Value], entries: tuple[str, ...], progress: Mapping[str, Any]
) -> Member:
    return Member(
        identity=model.identity,
        name=model.name,
        method=model.method,
        parents=tuple(parent.name for parent in model.parents),
        parameters=model.parameters,
        facts={**model.facts, **progress},
        seed=model.seed,
        values=values,
        entries=entries,
        references=model.references,
    )


def _correct_files(space: Workspace, spec: FitSpec) -> dict[str, Path]:
    wanted = _entries(spec)
    return {
        column.model: column.path
        for column in space.columns()
        if column.name == "correct" and column.data == spec.data and column.model in wanted
    }
