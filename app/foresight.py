"""What a recipe would do, and what that would take."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from ..analysis.jobs.executor import Executor
from ..analysis.trials import DerivedModel, Estimate, FitSpec, ModelSpec, Plan, Trial
from ..analysis.wording import counted, share_of
from ..analysis.workspace import Workspace
from . import runtime
from .terminal import screen


@dataclass(frozen=True)
class Past:
    """What a workspace holds already: models by name, and trials that are done, with their seconds."""

    models: Mapping[str, ModelSpec]
    trials: tuple[tuple[Trial, float], ...]


def foresee(text: str, recipe: Path, workspace: Path) -> tuple[Plan, tuple[Estimate, ...], Past]:
    """Plan a recipe without running it.

    Raises
    ------
    UserError
        If anything in it is wrong.
    """
    space = Workspace.open(workspace, read_only=True) if workspace.exists() else None
    try:
        with runtime.one_worker() as worker:
            return foreseen(worker, space, text, recipe.parent, f"The recipe {recipe}")
    finally:
        if space:
            space.close()


def foreseen(
    worker: Executor, space: Workspace | None, text: str, folder: Path, source: str = "The recipe"
) -> tuple[Plan, tuple[Estimate, ...], Past]:
    """Plan a recipe in a worker, without running it.

    Raises
    ------
    UserError
        If anything in it is wrong.
    """
    past = _past(space)
    payload = {"recipe": text, "folder": str(folder), "source": source, "kept": past.models}
    payload |= {"root": str(space.path)} if space else {}
    plan: Plan = worker.submit("plan", payload, "Checking the recipe").result()
    estimates = worker.submit("estimate", {"plan": plan, "past": past.trials}, "Estimating").result()
    return plan, estimates, past


def _past(space: Workspace | None) -> Past:
    if space is None:
        return Past({}, ())
    trials = space.trials()
    done = tuple((trial.spec, trial.seconds) for trial in trials if trial.state == "done" and trial.seconds is not None)
    return Past({trial.model: trial.spec.model for trial in trials}, done)


def print_plan(plan: Plan, estimates: tuple[Estimate, ...], past: Past) -> None:
    """Print one row a trial, and what those that are not done take together."""
    done = {trial.identity for trial, _ in past.trials}
    table = Table("trial", "operation", box=None, title=plan.title, title_justify="left")
    for name in ("time", "memory", "disk"):
        table.add_column(name, justify="right")
    for trial, estimate in zip(plan.trials, estimates, strict=True):
        operation = trial.model.method if isinstance(trial.model, DerivedModel) else "–"
        figures = ("done", "", "") if trial.identity in done else _figures(estimate)
        table.add_row(trial.model.name, operation, *figures)
    console = screen()
    console.print(table)
    console.print(summary(plan, estimates, past))
    for sentence in afterwards(plan):
        console.say(sentence)


def afterwards(plan: Plan) -> Iterator[str]:
    """Give what is remarked of the plan, and what follows its trials, one sentence each: its search, its fits."""
    yield from plan.remarks
    if plan.search:
        yield f"A search goes on from there, with up to {counted(plan.search.trials, 'point')}."
        if plan.search.fits:
            yield f"Once it has ended, what it tried is fitted: {', '.join(plan.search.fits)}."
    for fit in plan.fits:
        yield f"Then {fit.name} is fitted: {_fitted(fit)}."


def _fitted(fit: FitSpec) -> str:
    about = f"{fit.y} over {fit.x}" if fit.x and fit.y else fit.y or fit.x
    models = len({model for entry in fit.of for model in entry.models})
    parts = (
        fit.fit,
        f"of {about}" if about else "",
        f"over {counted(models, 'model')}",
        f"by {fit.by}" if fit.by else "",
    )
    return " ".join(filter(None, parts))


def summary(plan: Plan, estimates: tuple[Estimate, ...], past: Past) -> str:
    """Return what the trials that are not done take together, as a sentence."""
    done = {trial.identity for trial, _ in past.trials}
    return _sum([e for e in estimates if e.trial not in done], len(plan.trials))


def _figures(estimate: Estimate) -> tuple[str, str, str]:
    time = "?" if estimate.seconds is None else f"{'' if estimate.alike else '≈ '}{duration(estimate.seconds)}"
    return time, _size(estimate.memory), _size(estimate.disk)


def _sum(left: list[Estimate], trials: int) -> str:
    if not left:
        return "The one trial is done." if trials == 1 else f"All {trials} trials are done."
    disk = sum(estimate.disk or 0 for estimate in left)
    memory = max((estimate.memory or 0 for estimate in left), default=0)
    takes = f"{_time(left)}, {_size(disk)} of disk, up to {_size(memory)} of memory at once"
    return f"{share_of(len(left), trials, 'trial')} to run: {takes}."


def _time(left: list[Estimate]) -> str:
    seconds = [estimate.seconds for estimate in left if estimate.seconds is not None]
    if not seconds:
        return "a time that nothing run before tells"
    return duration(sum(seconds)) + (f" for {len(seconds)} of them" if len(seconds) < len(left) else "")


def duration(seconds: float) -> str:
    """Return a time as a person says it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _size(size: int | None) -> str:
    if size is None:
        return "?"
    unit = next((unit for unit in _UNITS if size < 1000 * _UNITS[unit]), "TB")
    return f"{size / _UNITS[unit]:.3g} {unit}"


_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
