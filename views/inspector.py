"""Inspector: everything that is known of the model that is looked at."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFormLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from ..analysis.measured import overlap_text
from ..analysis.modelcard import Claim, claims_of, figure, file_facts, interval
from ..analysis.naming import parse_name
from ..analysis.wording import compact, sure
from .notice import Notice
from .panel import Panel, view
from .parts import Sentence, named, scrolled
from .table import Table, TableSheet
from .theme import GAP, TIGHT
from .tips import as_tip

if TYPE_CHECKING:
    from ..analysis.measured import Row
    from ..analysis.session import Session
    from ..analysis.workspace import ModelRecord, ValueRecord


@dataclass(frozen=True)
class Measured:
    """One measure of the model, beside the reference's; ``low`` and ``high`` bound its 95 % interval.

    ``detail`` says that it is of a class, a group, a place.
    """

    name: str
    value: float
    low: float | None
    high: float | None
    reference: float | None
    unit: str
    detail: bool = False


@dataclass(frozen=True)
class InspectorState:
    """What is shown: identity, name, facts as (name, text), claims, measures, and why its trial failed, if it did.

    ``overlap`` says what its measures are worth where it has learnt from the data; ``remark`` all that is to be known
    of them.
    """

    identity: str
    name: str
    pinned: str
    facts: tuple[tuple[str, str], ...]
    measures: tuple[Measured, ...]
    problem: str
    claims: tuple[Claim, ...] = ()
    overlap: str = ""
    remark: str = ""


def resolve(session: "Session") -> InspectorState | Notice:
    """Return what is known of the primary model, or a notice if there is none."""
    model = session.model(session.state.primary)
    if model is None:
        return Notice("empty", "No model is looked at.", "Click one in the lineage or the trade-off.")
    pinned = session.model(session.state.pinned)
    rows = session.shown.by_model.get(model.name, ())
    others = session.shown.by_model.get(pinned.name, ()) if pinned and pinned is not model else ()
    card = session.about(model.identity, "card", f"Reading {model.name}")
    told = card if isinstance(card, Mapping) else {}
    values = [value for value in session.snapshot.values if value.model == model.name]
    failed = next((t for t in session.snapshot.trials if t.spec.model.identity == model.identity and t.problem), None)
    return InspectorState(
        identity=model.identity,
        name=model.name,
        pinned=pinned.name if pinned else "",
        facts=(*_facts(model), *_file(card)),
        measures=tuple(_all_measured(rows, others)),
        problem=f"{failed.problem} {failed.next_step}" if failed else "",
        claims=claims_of(told, values),
        overlap=overlap_text(max((row.overlap for row in rows), default=0.0)),
        remark=" ".join(dict.fromkeys(row.remark for row in rows if row.remark)),
    )


def _file(card: Any) -> list[tuple[str, str]]:
    """Return what the worker found in the file, or why there is nothing yet."""
    if isinstance(card, Mapping):
        return [(name, text) for name, text in file_facts(card) if name != "Network"]
    return [("Content", "reading the file …" if card is None else str(card))]


def _facts(model: "ModelRecord") -> list[tuple[str, str]]:
    facts = [("Network", str(model.facts["network"]))] if "network" in model.facts else []
    if "parameters" in model.facts:
        facts.append(("Parameters", f"{model.facts['parameters']:,}"))
    if model.method:
        facts.append(("Operation", model.method))
        facts += [(name, _text(value)) for name, value in model.parameters.items() if value is not None]
    if model.seed is not None:
        facts.append(("Seed", str(model.seed)))
    facts += [("Parent", parent.name) for parent in model.parents]
    if "device" in model.facts:
        facts.append(("Measured on", str(model.facts["device"])))
    if model.aliases:
        facts.append(("Also called", ", ".join(model.aliases)))
    if model.doubt:
        facts.append(("In doubt", model.doubt))
    if model.path:
        facts.append(("File", str(Path(model.path))))
    facts += [("Remark", said) for said in model.facts.get("remarks", ())]
    return facts


def claim_text(claim: Claim) -> str:
    """Return a claim beside what was measured, with the verdict in words."""
    where = f" on {claim.dataset}" if claim.dataset else ""
    said = f"{claim.metric}{where} {figure(claim.claimed, claim.unit)}"
    if claim.measured is None:
        return f"{said}; {claim.verdict}"
    found = interval(claim.measured, claim.low, claim.high, claim.unit)
    return f"{said}; measured{parse_name(claim.measure).suffix} on {claim.data} {found}; {claim.verdict}"


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _all_measured(rows: "Sequence[Row]", others: "Sequence[Row]") -> "Iterator[Measured]":
    """Give each measure once, or once for each seed that it was done with."""
    reference = {row.seed: row.values for row in others}
    found = {(v.name, v.measure_seed): v for row in rows for v in row.values.values()}
    seeds = Counter(name for name, _ in found)
    for (own, seed), value in found.items():
        name = f"{own}, seed {seed}" if seeds[own] > 1 else own
        beside = reference.get(seed) or next(iter(reference.values()), {})
        yield _measured(name, value, beside)


def _measured(name: str, value: "ValueRecord", reference: "Mapping[str, ValueRecord]") -> Measured:
    other = reference.get(value.name)
    beside, detail = other.value if other else None, bool(parse_name(value.name).detail)
    return Measured(name, value.value, value.low, value.high, beside, value.unit, detail)


def _brief(state: InspectorState) -> Table:
    """Return what fits beside the views: values with their intervals, the classes left out."""
    shown = [m for m in state.measures if not m.detail]
    rows = tuple(zip(_names([m.name for m in shown]), map(_short, shown), map(_reference, shown), strict=True))
    return Table(("Measure", "Value", "Reference"), rows)


def _names(measures: list[str]) -> list[str]:
    """Return the last part of each name where that tells it from the others, or else all but the first."""
    last = [_last(name) for name in measures]
    return [
        name if last.count(name) == 1 else whole.partition(".")[2] or whole
        for name, whole in zip(last, measures, strict=True)
    ]


def _last(name: str) -> str:
    """Return the last part of a quantity, with what follows it."""
    quantity, bracket, told = name.partition(" (")
    return quantity.rpartition(".")[2] + bracket + told


def _reference(measured: Measured) -> str:
    if measured.reference is None:
        return "–"
    return compact(100 * measured.reference if measured.unit == "fraction" else measured.reference)


def _short(measured: Measured) -> str:
    scale, unit = (100.0, "%") if measured.unit == "fraction" else (1.0, measured.unit)
    text = compact(scale * measured.value)
    if unit == "bytes":
        return f"{text}B" if text[-1].isalpha() else f"{text} B"
    if measured.low is not None and measured.high is not None:
        text = sure(scale * measured.value, scale * measured.low, scale * measured.high)
    return f"{text} {unit}".rstrip()


def _fitting(text: str, longest: int = 30) -> str:
    """Return the text, of a path the name alone, shortened in the middle so that it fits on a line."""
    name = Path(text).name if Path(text).is_absolute() else text
    half = longest // 2
    return name if len(name) <= longest or " " in name else f"{name[:half]}…{name[-half:]}"


def table(state: InspectorState) -> Table:
    """Return one row a measure."""
    rows = tuple((m.name, m.value, m.low, m.high, m.reference, m.unit, state.remark) for m in state.measures)
    return Table(("Measure", "Value", "Low", "High", state.pinned or "Reference", "Unit", "Remark"), rows)


@view(
    id="inspector",
    title="Inspector",
    question="What exactly is this model, and how was it made?",
    area="right",
    order=1,
)
class InspectorPanel(Panel[InspectorState]):
    """Facts, measures beside the reference's, and notes of the model that is looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = Sentence(self)
        self._name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._problem = named(Sentence(self), "notice-error")
        self._facts = QFormLayout()
        self._measures = TableSheet(self, elastic=0)
        self._notes = QPlainTextEdit(self, placeholderText="Notes on this model, kept in the workspace")
        self._notes.setMaximumHeight(72)
        self._settled = QTimer(self, singleShot=True, interval=600)
        self._settled.timeout.connect(self._save_note)
        self._notes.textChanged.connect(self._settled.start)
        self._noted: str | None = None
        self.set_content(self._lay_out())

    def _lay_out(self) -> QWidget:
        body = QWidget(self)
        layout = QVBoxLayout(body)
        layout.setContentsMargins(GAP, GAP, GAP, GAP)
        layout.setSpacing(GAP)
        font = self._name.font()
        font.setBold(True)
        self._name.setFont(font)
        self._facts.setHorizontalSpacing(GAP)
        self._facts.setVerticalSpacing(TIGHT // 2)
        for part in (self._name, self._problem):
            layout.addWidget(part)
        facts = QWidget(self)
        facts.setLayout(self._facts)
        self._facts.setContentsMargins(0, 0, GAP, 0)
        layout.addWidget(scrolled(facts, self), 3)
        layout.addWidget(self._measures, 2)
        layout.addWidget(self._notes)
        return body

    def show_state(self, old: InspectorState | None, new: InspectorState) -> None:
        """Show another model, or new measures of the same."""
        if old is None or old.identity != new.identity:
            self._show_note(new.identity)
        self._name.setText(new.name)
        self._problem.setText(" ".join(filter(None, (new.problem, new.overlap))))
        self._problem.setVisible(bool(new.problem or new.overlap))
        if old is None or (old.facts, old.claims) != (new.facts, new.claims):
            self._show_facts(new)
        self._measures.show_table(_brief(new))

    def _show_facts(self, state: InspectorState) -> None:
        while self._facts.rowCount():
            self._facts.removeRow(0)
        for claim in state.claims:
            said = named(Sentence(self, claim_text(claim)), "notice-error" if claim.disagrees else "")
            self._add_fact("Claimed", f"From the {claim.source}", said)
        for name, text in state.facts:
            self._add_fact(name, text, Sentence(self, _fitting(text)))

    def _add_fact(self, name: str, tip: str, value: Sentence) -> None:
        value.setToolTip(as_tip(tip))
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setMinimumWidth(40)
        self._facts.addRow(named(QLabel(name), "quiet"), value)

    def _show_note(self, identity: str) -> None:
        if self._settled.isActive():
            self._save_note()
        self._noted = identity
        self._notes.blockSignals(True)
        self._notes.setPlainText(self.session.note(identity) if self.session else "")
        self._notes.blockSignals(False)
        self._notes.setReadOnly(self.session is None or self.session.read_only)

    def _save_note(self) -> None:
        self._settled.stop()
        identity, text = self._noted, self._notes.toPlainText()
        if self.session and not self.session.read_only and identity:
            self.session.write(lambda space: space.set_note(identity, text))
