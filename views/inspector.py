"""Inspector: everything that is known of the model that is looked at."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..analysis.session import Session
from ..analysis.workspace import ModelRecord, ValueRecord
from .table import Table


@dataclass(frozen=True)
class Measured:
    """One measure of the model, beside the reference's; ``low`` and ``high`` bound its 95 % interval."""

    name: str
    value: float
    low: float | None
    high: float | None
    reference: float | None
    unit: str


@dataclass(frozen=True)
class InspectorState:
    """What is shown: identity, name, facts as (name, text), measures, and why its trial failed, if it did."""

    identity: str
    name: str
    pinned: str
    facts: tuple[tuple[str, str], ...]
    measures: tuple[Measured, ...]
    problem: str


def resolve(session: Session) -> InspectorState | None:
    """Return what is known of the primary model, or None if there is none."""
    model = session.model(session.state.primary)
    if model is None:
        return None
    pinned = session.model(session.state.pinned)
    rows = session.snapshot.value_table
    reference = rows.get(pinned.name, {}) if pinned and pinned is not model else {}
    failed = next((t for t in session.snapshot.trials if t.spec.model.identity == model.identity and t.problem), None)
    return InspectorState(
        identity=model.identity,
        name=model.name,
        pinned=pinned.name if pinned else "",
        facts=tuple(_facts(model)),
        measures=tuple(_measured(value, reference) for value in rows.get(model.name, {}).values()),
        problem=f"{failed.problem} {failed.next_step}" if failed else "",
    )


def _facts(model: ModelRecord) -> list[tuple[str, str]]:
    facts = [("Network", str(model.facts["network"]))] if "network" in model.facts else []
    if "parameters" in model.facts:
        facts.append(("Parameters", f"{model.facts['parameters']:,}"))
    if model.method:
        facts.append(("Operation", model.method))
        facts += [(name, _text(value)) for name, value in model.parameters.items() if value is not None]
    if model.seed is not None:
        facts.append(("Seed", str(model.seed)))
    facts += [("Parent", parent.name) for parent in model.parents]
    if model.path:
        facts.append(("File", str(Path(model.path))))
    return facts


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _measured(value: ValueRecord, reference: dict[str, ValueRecord]) -> Measured:
    other = reference.get(value.measure)
    return Measured(value.measure, value.value, value.low, value.high, other.value if other else None, value.unit)


def table(state: InspectorState) -> Table:
    """Return one row a measure."""
    rows = tuple((m.name, m.value, m.low, m.high, m.reference, m.unit) for m in state.measures)
    return Table(("Measure", "Value", "Low", "High", state.pinned or "Reference", "Unit"), rows)
