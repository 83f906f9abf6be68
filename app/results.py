"""The results table."""

import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from ..analysis.workspace import Workspace

_SHOWN = ("accuracy", "loss", "cost.nominal.nonzeros", "cost.nominal.macs", "cost.measured.latency")


def print_results(space: Workspace) -> None:
    """Print one row a model with its main measures."""
    rows: dict[str, dict[str, Any]] = {}
    for value in space.values():
        rows.setdefault(value.model, {})[value.measure] = value
    shown = [name for name in _SHOWN if any(name in row for row in rows.values())]
    table = Table("model", box=None)
    for name in shown:
        table.add_column(name, justify="right")
    for model, row in rows.items():
        table.add_row(model, *(_cell(row.get(name)) for name in shown))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if value.unit == "fraction":
        half = f" ± {50 * (value.high - value.low):.1f}" if value.low is not None else ""
        return f"{100 * value.value:.2f} %{half}"
    text = f"{value.value:,.0f}" if abs(value.value) >= 1000 else f"{value.value:.4g}"
    return f"{text} {value.unit}".rstrip()
