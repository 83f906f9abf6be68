"""From a workspace to the table of a fit, and what that table depends on."""

from collections.abc import Mapping
from pathlib import Path

from ..columns import read_octets
from ..correctness import Correctness, read_rows
from ..identity import digest
from ..trials import FitSpec, Value
from ..workspace import ModelRecord, ValueRecord, Workspace
from .table import Member


def members_of(space: Workspace, spec: FitSpec) -> tuple[Member, ...]:
    """Return the models of a fit that the workspace holds, in its order, with what was measured of them."""
    entries = _entries(spec)
    values = _values(space, spec)
    return tuple(
        _member(model, values.get(model.name, {}), entries[model.identity])
        for model in space.models()
        if model.identity in entries
    )


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
    return Correctness(tuple(files), read_rows(files.values()), samples)


def _entries(spec: FitSpec) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in spec.of:
        for model in entry.models:
            found[model] = (*found.get(model, ()), entry.name)
    return found


def _values(space: Workspace, spec: FitSpec) -> dict[str, dict[str, Value]]:
    """Return the latest value of every quantity on the fit's data, or on none, by the model's name."""
    names = {None} | {data.name for data in space.datasets() if data.identity == spec.data}
    found: dict[str, dict[str, Value]] = {}
    for record in space.values():
        if record.data in names:
            found.setdefault(record.model, {})[record.measure] = _value(record)
    return found


def _value(record: ValueRecord) -> Value:
    return Value(measure=record.measure, value=record.value, low=record.low, high=record.high, unit=record.unit)


def _member(model: ModelRecord, values: Mapping[str, Value], entries: tuple[str, ...]) -> Member:
    return Member(
        identity=model.identity,
        name=model.name,
        method=model.method,
        parents=tuple(parent.name for parent in model.parents),
        parameters=model.parameters,
        facts=model.facts,
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
