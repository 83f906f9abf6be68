"""What the weights of a data set enter, and what counts its samples alike all the same."""

from collections.abc import Iterator

from ..measures import MEASURES
from ..sets.weighing import remarks_on_fit
from ..trials import DerivedModel, Plan, Trial
from ..weights import unweighed


def weighing_remarks(plan: Plan) -> tuple[str, ...]:
    """Return what a person has to know of the weights that data sets declare, each sentence once."""
    found: dict[str, None] = {}
    for trial in plan.trials:
        found |= dict.fromkeys((*remarks_on_measures(trial), *_remarks_on_making(trial)))
    weighted = {trial.data.identity: trial.data.name for trial in plan.trials if trial.data and trial.data.weight}
    return (*found, *(told for fit in plan.fits for told in remarks_on_fit(fit, weighted.get(fit.data or ""))))


def remarks_on_measures(trial: Trial) -> Iterator[str]:
    """Say by what a trial's samples are weighted, and which of its measures count them alike."""
    if trial.data is None or trial.data.weight is None:
        return
    measures = [MEASURES.get(spec.measure) for spec in trial.measures]
    data, column = trial.data.name, trial.data.weight
    if any(measure.weighs for measure in measures):
        yield f"The samples of {data} are weighted by its column '{column}'."
    alike = [measure.entry.id for measure in measures if not measure.weighs and not measure.dataless]
    if alike:
        yield unweighed(data, ", ".join(alike))


def _remarks_on_making(trial: Trial) -> Iterator[str]:
    """Say which operation counts alike the samples that its data set weighs."""
    if isinstance(trial.model, DerivedModel):
        for data in trial.operation_data.values():
            if data.weight is not None:
                yield unweighed(data.name, trial.model.method)
