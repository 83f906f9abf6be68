"""What tells two models of a workspace apart, from what it keeps of every sample."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from ..analysis.columns import read_column
from ..analysis.correctness import Correctness, read_rows
from ..analysis.errors import UserError, unknown
from ..analysis.weights import WEIGHT, relative
from ..analysis.wording import counted
from ..analysis.workspace import Workspace
from .terminal import screen

Found = dict[str, Any]


def differences(space: Workspace, first: str, second: str, data: str | None = None) -> list[Found]:
    """Compare two models by name, on every data set where both were measured, or on one; JSON values alone.

    Values of one data set are never compared with those of another.

    Raises
    ------
    UserError
        If one of them is unknown, or there is no such data set.
    """
    identities = {name: model.identity for model in space.models() for name in (model.name, *model.aliases)}
    for name in (first, second):
        if name not in identities:
            raise unknown("model in the workspace called", name, list(identities))
    found = list(_on_each_data_set(space, identities[first], identities[second]))
    if not found:
        raise UserError(
            f"'{first}' and '{second}' were not measured on the same samples{_where(space, first, second)}.",
            'Run a recipe that measures both, with "accuracy" among what it measures.',
        )
    names = [entry["data"] for entry in found]
    if data is not None and data not in names:
        raise unknown(f"data set that '{first}' and '{second}' were measured on called", data, names)
    return [entry for entry in found if data in (None, entry["data"])]


def _where(space: Workspace, first: str, second: str) -> str:
    """Return on which data sets two models were measured, in words."""
    measured = {(value.model, value.data): None for value in space.values() if value.data}
    told = [
        f"{name} on {', '.join(str(data) for model, data in measured if model == name)}"
        for name in (first, second)
        if any(model == name for model, _ in measured)
    ]
    return f" ({'; '.join(told)})" if told else ""


def _on_each_data_set(space: Workspace, first: str, second: str) -> Iterator[Found]:
    files = {(c.model, c.data, c.name): c.path for c in space.columns()}
    for data in space.datasets():
        rights = [files.get((model, data.identity, "correct")) for model in (first, second)]
        told = [files.get((model, data.identity, "prediction")) for model in (first, second)]
        if None not in rights and None not in told:
            weights = files.get((first, data.identity, WEIGHT))
            found = _difference([p for p in rights if p], [p for p in told if p], weights)
            yield {"data": data.name} | ({"weight": data.spec.weight} if weights else {}) | found


def _difference(rights: list[Path], told: list[Path], weighted: Path | None) -> Found:
    predictions = [read_column(path, "prediction") for path in told]
    weights = relative(read_column(weighted, WEIGHT)) if weighted else None
    correctness = Correctness(("first", "second"), read_rows(rights), len(predictions[0]), weights)
    found = correctness.difference("first", "second")
    same = (predictions[0] == predictions[1]) & (predictions[0] >= 0)  # −1 is no prediction
    accuracies = correctness.accuracies()
    return {
        "samples": found.table.size,
        "first": accuracies["first"]._asdict(),
        "second": accuracies["second"]._asdict(),
        "gain": found.gain._asdict(),
        "agreement": float(np.average(same, weights=weights)),
        "positive_flips": found.table.second,
        "negative_flips": found.table.first,
        **({"p_exact": found.p.exact, "p_mid": found.p.mid} if found.p else {}),
        "distinguishable": found.distinguishable,
        "verdict": found.verdict,
    }


def print_differences(found: list[Found], first: str, second: str) -> None:
    """Print a table for each data set, and the verdict in words."""
    for entry in found:
        table = Table(show_header=False, box=None)
        weighted = f", weighted by '{entry['weight']}'" if "weight" in entry else ""
        table.add_row("data", f"{entry['data']}, {counted(entry['samples'], 'sample')}{weighted}")
        table.add_row(f"accuracy of {first}", _share(entry["first"]))
        table.add_row(f"accuracy of {second}", _share(entry["second"]))
        table.add_row("gained", _share(entry["gain"], "+"))
        table.add_row("same prediction", f"{entry['agreement']:.2%}")
        table.add_row("flips to right, to wrong", f"{entry['positive_flips']:,}, {entry['negative_flips']:,}")
        if "p_exact" in entry:
            table.add_row("McNemar's p: exact, mid", f"{entry['p_exact']:.3g}, {entry['p_mid']:.3g}")
        table.add_row("verdict", f"{second} against {first}: {entry['verdict']}")
        screen().print(table)


def _share(interval: dict[str, float], sign: str = "") -> str:
    return f"{interval['mean']:{sign}.2%} ({interval['low']:{sign}.2%} to {interval['high']:{sign}.2%})"
