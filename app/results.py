"""The results table."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import isnan
from typing import Any

from rich.table import Table

from ..analysis.measured import Row, rows_of
from ..analysis.naming import plain_name
from ..analysis.search.allocation import AllocationReport
from ..analysis.timings import remarks_on_threads
from ..analysis.trials import Finding
from ..analysis.versions import earlier, remarks
from ..analysis.wording import sure
from ..analysis.workspace import ModelRecord, ValueRecord, Workspace
from .terminal import screen

_LEARNT = "learnt from"
_LEARNT_MEANS = (
    "Learnt from: the share of the data's samples that a model, or one that it was made from, was trained on; its "
    "values there do not tell what it makes of new samples."
)
_SHOWN = (
    "accuracy",
    "accuracy.topk",
    "loss",
    "loss.next_token",
    "calibration.ece",
    "compare.flips.negative",
    "cost.nominal.nonzeros",
    "cost.nominal.macs",
    "cost.measured.latency",
    "cost.measured.threads",
)


def print_results(space: Workspace) -> None:
    """Print one row a model, data set and seed with its main measures."""
    values = tuple(told_values(space))
    rows = rows_of(values)
    shown = _names_of(_SHOWN, rows)
    owners = _owners(rows)
    table = Table("model", *owners, box=None)
    for name in shown:
        table.add_column(name, justify="right", overflow="fold")  # a name that is cut off tells nothing apart
    for place, row in enumerate(rows):
        belongs = (column[place] for column in owners.values())
        table.add_row(row.model, *belongs, *(_cell(row.values.get(name)) for name in shown))
    screen().print(table)
    if _LEARNT in owners:
        screen().say(_LEARNT_MEANS)
    said = (*_remarks(space.models()), *remarks(earlier(values)), *remarks_on_threads(values))
    for remark in dict.fromkeys(said):
        screen().say(remark)


def _names_of(quantities: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Return the names of all values of these quantities, whatever they were measured with, in their order."""
    names = dict.fromkeys(name for row in rows for name in sorted(row.values))
    return [name for quantity in quantities for name in names if plain_name(name) == quantity]


def _owners(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return, by heading, the columns beside the model that tell rows apart, and what a model has learnt from."""
    several = Counter((row.model, row.data) for row in rows)
    columns = {
        "data": (len({row.data for row in rows if row.data}) > 1, [row.data or "–" for row in rows]),
        "seed": (any(count > 1 for count in several.values()), [str(row.seed) for row in rows]),
        _LEARNT: (
            any(row.overlap for row in rows),
            [f"{100 * row.overlap:.3g} %" if row.overlap else "–" for row in rows],
        ),
    }
    return {heading: cells for heading, (wanted, cells) in columns.items() if wanted}


def _remarks(models: Iterable[ModelRecord]) -> Iterator[str]:
    """Say which names mean the same content, how data and models fit, and whose numbers are in doubt."""
    for record in models:
        yield from (f"{alias} has the content of {record.name}." for alias in record.aliases)
        yield from record.facts.get("remarks", ())
        yield from filter(None, (record.doubt,))


def told_values(space: Workspace) -> Iterator[ValueRecord]:
    """Give every value, and those of a model with several names once more under each of the others."""
    values = space.values()
    yield from values
    for record in space.models():
        for alias in record.aliases:
            yield from (value.replaced(model=alias) for value in values if value.model == record.name)


def print_answer(space: Workspace) -> None:
    """Print what the latest run's search found, with its front; nothing where it searched for nothing."""
    run = max((run.run for run in space.runs()), default=0)
    for search in space.searches():
        if search.run == run and search.answer:
            _print_front(search.answer.front)
            for said in (f"The answer: {search.answer.sentence}", *search.answer.remarks):
                screen().say(said)


def _print_front(front: tuple[Finding, ...]) -> None:
    if len(front) < 2:
        return
    measures = list(front[0].values)
    table = Table("front", box=None)
    for measure in measures:
        table.add_column(measure, justify="right")
    for found in sorted(front, key=lambda f: f.values[measures[0]]):
        table.add_row(", ".join(found.models), *(_with_interval(found, measure) for measure in measures))
    screen().print(table)


def _with_interval(found: Finding, measure: str) -> str:
    ends = found.intervals.get(measure)
    return _short(found.values[measure]) + (f" [{_short(ends[0])}, {_short(ends[1])}]" if ends else "")


def print_allocation(report: AllocationReport) -> None:
    """Print one row a layer, and the predicted damage beside the measured one."""
    table = Table("layer", box=None)
    for name in ("share of the cost", "amount", f"{report.measure}, alone"):
        table.add_column(name, justify="right")
    for row in report.rows:
        table.add_row(row.layer, f"{100 * row.share:.1f} %", f"{row.amount:.4g}", f"{row.damage:+.4g}")
    screen().print(table)
    screen().say(f"{100 * report.kept:.1f} % is left. {_additivity(report)}")


def _additivity(report: AllocationReport) -> str:
    predicted = f"{report.measure} is to be worse by {report.predicted:.4g}, the sum over the layers"
    if report.measured is None:
        return f"{predicted}; run the recipe of --output to measure how much together they are."
    return f"{predicted}; measured together it is worse by {report.measured:.4g}."


def _cell(value: Any) -> str:
    if value is None or isnan(value.value):
        return "–"
    if value.unit == "fraction":
        ends = [100 * number for number in (value.value, value.low, value.high) if number is not None]
        return f"{sure(*ends)} %" if len(ends) == 3 else f"{ends[0]:.2f} %"
    return f"{_short(value.value)} {value.unit}".rstrip()


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def print_tensors(layers: list[dict[str, Any]]) -> None:
    """Print one row a tensor with its statistics."""
    table = Table("tensor", "shape", "dtype", box=None)
    for name in ("rms", "largest", "zeros", "not finite"):
        table.add_column(name, justify="right")
    for layer in layers:
        shape = " × ".join(map(str, layer["shape"])) or "one number"
        figures = (f"{layer['rms']:.4g}", f"{layer['largest']:.4g}", f"{layer['zeros']:,}", f"{layer['not_finite']:,}")
        table.add_row(layer["name"], shape, layer["dtype"], *figures)
    screen().print(table)


_DIFFERENCES = {
    "relative": "‖Δ‖ / ‖reference‖",
    "cosine": "cosine",
    "flipped": "signs flipped",
    "equal": "equal",
    "mask_overlap": "mask overlap",
}


def print_comparison(found: list[dict[str, Any]]) -> None:
    """Print, for every compared checkpoint, one row a tensor and the total."""
    for entry in found:
        table = Table("tensor", box=None, title=entry["path"], title_justify="left")
        for title in _DIFFERENCES.values():
            table.add_column(title, justify="right")
        for name, figures in {**entry["tensors"], "in total": entry["total"]}.items():
            table.add_row(name, *(_figure(figures[key]) for key in _DIFFERENCES))
        screen().print(table)
        for what in ("missing", "extra", "reshaped"):
            if entry[what]:
                screen().print(f"{what}: {', '.join(entry[what])}")


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
