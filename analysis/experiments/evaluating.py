"""What the measures of a trial say of its model, and where its scores say nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from ..jobs.protocol import Ticket
from ..measures import MEASURES, Column, Evidence
from ..measures.scores import NoScoresError, told_of_scores
from ..trials import MeasureSpec, Remark, Trial, Value
from .progress import Share


@dataclass
class Findings:
    """Numbers, the names of those that hold beside every data set, columns by name, and remarks."""

    values: list[Value] = field(default_factory=list)
    dataless: set[str] = field(default_factory=set)
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def evaluate(trial: Trial, evidence: Evidence, ticket: Ticket) -> Findings:
    """Run every measure of a trial; the numbers of one that has no scores to go by are not a number."""
    found, absent = Findings(remarks=list(_of_scores(trial, evidence))), []
    for done, spec in enumerate(trial.measures):
        part = Share(ticket, done / len(trial.measures), (done + 1) / len(trial.measures))
        part.progress(0, 1, MEASURES.get(spec.measure).entry.title)
        try:
            _take(found, trial, spec, replace(evidence, ticket=part))
        except NoScoresError:
            absent.append(spec.measure)
            found.values += _absent(spec.measure)
    if absent:
        found.remarks.append(f"{_titled(trial)} has no {', '.join(absent)}: not every sample has scores.")
    return found


def compared(trial: Trial, names: Iterable[str]) -> frozenset[str]:
    """Return which values and columns, by what their measures call them, set the trial's model beside the reference."""
    if trial.reference is None:
        return frozenset()
    givers = {name: trial.giver_of(name) for name in names}
    return frozenset(name for name, giver in givers.items() if giver and MEASURES.get(giver.measure).compares(name))


def _take(found: Findings, trial: Trial, spec: MeasureSpec, evidence: Evidence) -> None:
    measure = MEASURES.get(spec.measure)
    weight = trial.data.weight if trial.data and measure.weighs else None
    own = evidence if measure.weighs else evidence.unweighted
    for item in list(measure.function(own, measure.check(spec.parameters))):
        if isinstance(item, Column):
            found.columns[item.name] = item.values
        elif isinstance(item, Remark):
            found.remarks.append(f"{_titled(trial)}: {item.text}")
        else:
            found.values.append(item.replaced(weight=weight) if weight else item)
            found.dataless.update([item.measure] if measure.holds_everywhere(item.measure) else ())


def _absent(measure: str) -> Iterator[Value]:
    for quantity in MEASURES.get(measure).entry.quantities:
        if not quantity.per_sample:
            yield Value(measure=quantity.name, value=float("nan"), unit=quantity.unit)


def _of_scores(trial: Trial, evidence: Evidence) -> Iterator[str]:
    """Say what is to be said of the scores of the model, and of the reference's, if a measure reads them."""
    if not any("logits" in MEASURES.get(spec.measure).needs for spec in trial.measures):
        return
    assert trial.data, "scores are of samples"
    yield from told_of_scores(trial.model.name, trial.data.name, evidence.columns["logits"], evidence.labels)
    if evidence.reference and trial.reference in trial.inputs:
        name = trial.inputs[trial.reference].name
        yield from told_of_scores(name, trial.data.name, evidence.reference.columns["logits"], evidence.labels)


def _titled(trial: Trial) -> str:
    return f"{trial.model.name} on {trial.data.name}" if trial.data else trial.model.name
