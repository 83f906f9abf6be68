"""Following a run from the command line."""

import threading

from rich.progress import Progress, TaskID

from ..analysis.errors import UserError
from ..analysis.jobs.engine import Engine
from ..analysis.jobs.executor import Job
from ..analysis.printable import printable
from ..analysis.session import Session
from ..views.jobs import tallied
from .terminal import Screen, as_it_is, error_screen, progress_on


def follow(session: Session) -> int:
    """Show progress on stderr until nothing is left to run; return how many trials failed.

    Raises
    ------
    UserError
        If the recipe was refused.
    KeyboardInterrupt
        If the person stopped it; the engine is stopped first.
    """
    engine = session.engine
    assert engine is not None
    console = error_screen()
    _await_plan(engine, console)
    if session.message:
        raise session.message
    with progress_on(console) as progress:
        bars = _Bars(session, progress)
        engine.changed.connect(bars.on_engine_changed)
        engine.executor.changed.connect(bars.on_job_changed)
        try:
            while not engine.wait(0.2):
                pass
        except KeyboardInterrupt:
            engine.cancel()
            raise
        bars.on_engine_changed()
    if session.message:  # a search that could not go on
        raise session.message
    if devices := tallied(engine.executor.devices.values()):
        console.print(f"Computed on {devices}.")
    failed = session.workspace.trials("failed")
    for trial in failed:
        console.print(f"{trial.model}: {UserError(trial.problem or 'failed.', trial.next_step or '')}")
    return len(failed)


def _await_plan(engine: Engine, console: Screen) -> None:
    """Wait until the recipe is checked; say meanwhile which file is read for that."""
    with console.status("Checking the recipe") as status:
        while not engine.wait(0.05) and engine.planning:
            notes = [job.progress.note for job in engine.jobs if job.progress and job.progress.note]
            status.update(as_it_is(": ".join(["Checking the recipe", *notes[:1]])))


class _Bars:
    """One bar for the trials, one for the trial that runs."""

    def __init__(self, session: Session, progress: Progress) -> None:
        self._session = session
        self._progress = progress
        self._lock = threading.Lock()
        self._trials: TaskID = progress.add_task("Trials", total=None)
        self._current: TaskID = progress.add_task("", total=None, visible=False)

    def on_engine_changed(self) -> None:
        tally = self._session.workspace.tally()
        over = tally.get("done", 0) + tally.get("failed", 0) + tally.get("cancelled", 0)
        with self._lock:
            self._progress.update(self._trials, completed=over, total=sum(tally.values()) or None)

    def on_job_changed(self, job: Job) -> None:
        report = job.progress
        with self._lock:
            self._progress.update(
                self._current,
                description=printable(job.title),
                completed=int(100 * report.done / report.total) if report and report.total else 0,
                total=100,
                visible=not job.over,
            )
