"""Fits: what sets of models say together, in words."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from ..analysis.wording import counted
from .notice import Notice
from .panel import Panel, view
from .parts import scrolled
from .table import Table
from .theme import GAP, look

if TYPE_CHECKING:
    from ..analysis.session import Session, Snapshot
    from ..analysis.sets.kept import KeptFit
    from ..analysis.trials import FitSpec, Value


@dataclass(frozen=True)
class Fitted:
    """One fit.

    Attributes
    ----------
    name, title : str
        What the recipe calls it, and what the program does.
    source : str
        What it was computed from, in words.
    problem : str
        Why there is nothing, or nothing any more; empty otherwise.
    remarks : tuple of str
        What it says, a sentence each.
    values : tuple of Value
        Its numbers.
    """

    name: str
    title: str
    source: str
    problem: str
    remarks: tuple[str, ...]
    values: "tuple[Value, ...]"


@dataclass(frozen=True)
class FitsState:
    """All fits that runs asked for, in that order."""

    fits: tuple[Fitted, ...]


def resolve(session: "Session") -> FitsState | Notice:
    """Return what all fits say, or a notice where none was asked for."""
    snapshot = session.snapshot
    if not snapshot.fits:
        return Notice("empty", "No fit was asked for.", "Add a [[fit]] to a recipe, and run it.")
    titles = {entry.id: entry.title for entry in session.catalogue.entries}
    return FitsState(tuple(_fitted(fit, snapshot, titles) for fit in snapshot.fits))


def _fitted(fit: "KeptFit", snapshot: "Snapshot", titles: dict[str, str]) -> Fitted:
    return Fitted(
        name=fit.spec.name,
        title=titles.get(fit.spec.fit, fit.spec.fit),
        source=source_text(fit.spec, snapshot),
        problem=fit.problem,
        remarks=fit.result.remarks,
        values=fit.result.values,
    )


def source_text(spec: "FitSpec", snapshot: "Snapshot") -> str:
    """Return what a fit is computed from, in words."""
    models = len({model for entry in spec.of for model in entry.models})
    data = next((record.name for record in snapshot.datasets if record.identity == spec.data), None)
    parts = (
        counted(models, "model"),
        f", {spec.y} by {spec.x}" if spec.x and spec.y else f", {spec.y or spec.x}" if spec.y or spec.x else "",
        f", grouped by {spec.by}" if spec.by else "",
        f", on {data}" if data else "",
    )
    return "".join(parts)


def table(state: FitsState) -> Table:
    """Return one row a number, and one a sentence."""
    rows = tuple(row for fit in state.fits for row in _rows(fit))
    return Table(("Fit", "Quantity", "Value", "Low", "High", "Unit", "In words"), rows)


def _rows(fit: Fitted) -> list[tuple[str | float | None, ...]]:
    numbers = [(fit.name, v.measure, v.value, v.low, v.high, v.unit, "") for v in fit.values]
    sentences = [fit.problem] if fit.problem else list(fit.remarks)
    return [*numbers, *((fit.name, "", None, None, None, "", sentence) for sentence in sentences)]


def as_html(state: FitsState, quiet: str, trouble: str) -> str:
    """Return all fits as rich text: a heading, what it is from, and its sentences; colours as ``#rrggbb``."""
    return "".join(_paragraph(fit, quiet, trouble) for fit in state.fits)


def _paragraph(fit: Fitted, quiet: str, trouble: str) -> str:
    title = "" if fit.title == fit.name else f" – {escape(fit.title)}"
    said = [f'<span style="color:{trouble}">{escape(fit.problem)}</span>'] if fit.problem else map(escape, fit.remarks)
    source = f'<span style="color:{quiet}">{title} ({escape(fit.source)})</span>'
    return f"<p><b>{escape(fit.name)}</b>{source}{''.join(f'<br>{sentence}' for sentence in said)}</p>"


@view(
    id="fits",
    title="Fits",
    question="What do many models say together: a law, a crossing, a density?",
    area="bottom",
    of_data=False,
    order=2,
)
class FitsPanel(Panel[FitsState]):
    """Every fit in words; its numbers are the table twin."""

    listens = frozenset({"records"})

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QLabel(self, wordWrap=True)
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._text.setContentsMargins(GAP, 0, GAP, GAP)
        self.set_content(scrolled(self._text, self))

    def show_state(self, old: FitsState | None, new: FitsState) -> None:
        """Write all of it anew."""
        self._text.setText(as_html(new, look.theme.quiet, look.theme.trouble))
