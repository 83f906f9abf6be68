"""Fits over the models of a workspace, asked on the command line or kept by a run."""

import json
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rich.table import Table

from ..analysis.errors import UserError, unknown
from ..analysis.renamed import current
from ..analysis.sets import FITS
from ..analysis.sets.kept import KeptFit
from ..analysis.trials import FitEntry, FitResult, FitSpec, Value
from ..analysis.workspace import Workspace
from . import runtime
from .terminal import screen


@dataclass(frozen=True)
class Question:
    """What a person asks: ``of`` are patterns of names, ``data`` is a data set's name."""

    fit: str
    x: str = ""
    y: str = ""
    of: Sequence[str] = ()
    by: str | None = None
    data: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


def fit_now(folder: Path, question: Question) -> FitResult:
    """Do a fit over a workspace as it is; nothing is kept.

    Raises
    ------
    UserError
        If a name is unknown, or what was measured does not suffice.
    """
    with Workspace.open(folder, read_only=True) as space:
        spec = spec_of(space, question)
    with runtime.one_worker() as worker:
        result: FitResult = worker.submit("fit", {"root": str(folder), "spec": spec}, question.fit).result()
    return result


def spec_of(space: Workspace, question: Question) -> FitSpec:
    """Return what is asked, over the models of a workspace.

    Raises
    ------
    UserError
        If the fit, a parameter, the data set or a model is unknown.
    """
    fit = FITS.get(question.fit)
    return FitSpec(
        name=question.fit,
        fit=question.fit,
        version=fit.entry.version,
        parameters=fit.check(question.parameters).model_dump(mode="json"),
        of=tuple(_entry(space, pattern) for pattern in question.of or ("*",)),
        x=current(question.x),
        y=current(question.y),
        by=question.by,
        data=_data(space, question.data),
    )


def parsed(text: str) -> tuple[str, Any]:
    """Return a parameter as ``NAME=VALUE`` gives it; what is no TOML value is a text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UserError(f"'{text}' sets nothing.", "Write NAME=VALUE, such as at=1e6.")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name, value


def _entry(space: Workspace, pattern: str) -> FitEntry:
    names = {name: model.identity for model in space.models() for name in (model.name, *model.aliases)}
    matching = (identity for name, identity in names.items() if name == pattern or fnmatchcase(name, pattern))
    found = tuple(dict.fromkeys(matching))
    if not found:
        raise unknown("model in the workspace called", pattern, list(names))
    return FitEntry(name=pattern, models=found)


def _data(space: Workspace, name: str | None) -> str | None:
    measured = {value.data for value in space.values()}
    known = {data.name: data.identity for data in space.datasets() if data.name in measured}
    if name is not None and name not in known:
        raise unknown("measured data set", name, list(known))
    if name is None and len(known) > 1:
        raise UserError(f"Models were measured on {', '.join(known)}.", "Choose one of them with --data.")
    return known[name] if name is not None else next(iter(known.values()), None)


def as_json(result: FitResult) -> dict[str, Any]:
    """Return a result as JSON values; what is infinite is null."""
    content: dict[str, Any] = json.loads(result.model_dump_json())
    return content


def print_fit(title: str, result: FitResult) -> None:
    """Print a table of the values, and what they mean in words."""
    table = Table(box=None, title=title, title_justify="left")
    table.add_column("")
    for name in ("value", "low", "high"):
        table.add_column(name, justify="right")
    for value in result.values:
        table.add_row(value.measure, *_cells(value))
    screen().print(table)
    for remark in result.remarks:
        screen().print(remark, highlight=False)


def _cells(value: Value) -> Iterator[str]:
    for number in (value.value, value.low, value.high):
        yield "" if number is None else f"{number:.6g} {value.unit}".rstrip()


def print_kept(fits: Sequence[KeptFit]) -> int:
    """Print what runs fitted; return how many of them say nothing."""
    for fit in fits:
        if fit.problem:
            screen().print(f"{fit.spec.name}: {fit.problem}", highlight=False)
        else:
            print_fit(fit.spec.name, fit.result)
    return sum(bool(fit.problem) for fit in fits)
