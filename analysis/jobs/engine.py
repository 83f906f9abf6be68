"""The engine: plans recipes, hands their trials to an executor, and records what comes back."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from psygnal import Signal

from ..errors import Cancelled, UserError
from ..sets.gathering import inputs_of
from ..trials import FitResult, ModelSpec, Plan, Proposal, Trial, TrialResult
from ..workspace import SearchRecord, Workspace
from .executor import Executor, Job
from .schedule import Schedule

_PARTING_S = 5.0
_ONCE_MORE = "Run it again: what is finished is kept."


class Engine:
    """Runs the trials of one workspace.

    The queue is the workspace's: a trial that was planned and not finished, in this process or an earlier one, runs
    when the engine is told to go on. Once all that a search proposed has run, it is asked how it goes on. One thread,
    the engine's own, does all writing and all deciding; every other thread leaves it a message.

    Parameters
    ----------
    workspace : Workspace
        Open for writing.
    executor : Executor
        Where trials run.
    planner : Executor or None
        Where recipes are checked, on this machine; the executor unless another is named.
    """

    changed = Signal()
    refused = Signal(UserError)

    def __init__(self, workspace: Workspace, executor: Executor, planner: Executor | None = None) -> None:
        self.workspace = workspace
        self.executor = executor
        self.planner = planner or executor
        self.jobs: tuple[Job, ...] = ()
        """What runs now."""
        self._trials: dict[int, Trial] = {}
        self._plans: dict[int, tuple[str, Path, Future[None]]] = {}
        self._waited: set[Future[Any]] = set()
        self._errands: dict[int, Future[Any]] = {}
        self._proposals: dict[int, SearchRecord] = {}
        self._fits: dict[int, tuple[str, str]] = {}  # identities of the fit and of its inputs
        self._asked: set[str] = set()
        self._schedule = Schedule(
            lambda model: (workspace.checkpoints / f"{model}.safetensors").exists(), apart=executor.apart
        )
        self._going = False
        self._told = 0
        self._lock = threading.Lock()
        self._rests = threading.Event()
        self._rests.set()
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        for source in dict.fromkeys((self.executor, self.planner)):
            source.changed.connect(self._on_job_changed)
        self._thread = threading.Thread(target=self._run, name="graftwork engine", daemon=True)
        self._thread.start()

    # What a caller uses

    def submit(self, recipe: str, folder: Path, source: str = "The recipe") -> Future[None]:
        """Plan a recipe, given as TOML with paths relative to ``folder``, and run it; refusals go to ``refused``.

        What is returned is done once the recipe was accepted, and has the error where it was refused; cancelled before
        that, the recipe is not run.
        """
        outcome: Future[None] = Future()
        self._waited.add(outcome)
        outcome.add_done_callback(self._waited.discard)
        self._tell(partial(self._plan, recipe, folder, source, outcome))
        return outcome

    def ask(self, task: str, payload: dict[str, Any], title: str) -> Future[Any]:
        """Let a worker on this machine do something beside the trials, seen and stopped as they are."""
        outcome: Future[Any] = Future()
        self._waited.add(outcome)
        outcome.add_done_callback(self._waited.discard)
        self._tell(partial(self._begin_errand, task, payload, title, outcome))
        return outcome

    def resume(self) -> None:
        """Go on with every trial that is pending."""
        self._tell(self._go_on)

    def cancel(self) -> None:
        """Stop the running trials, which return to the queue, and start no other until `resume`."""
        self._tell(self._stop)

    def skip(self, identity: str) -> None:
        """Cancel one trial for good, running or not; the others go on."""
        self._tell(partial(self._skip, identity))

    def unfinished(self) -> int:
        """Return how many trials are planned and not finished; a search that waits for points counts as one."""
        return len(self.workspace.trials("pending")) + len(self.workspace.searches(idle=True))

    @property
    def planning(self) -> bool:
        """Whether a recipe is being checked."""
        return bool(self._plans)

    @property
    def running(self) -> bool:
        """Whether there is work under way or about to be."""
        return not self._rests.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left to run; return False if that takes longer than ``timeout`` seconds."""
        return self._rests.wait(timeout)

    def close(self) -> None:
        """Stop; what is running returns to the queue."""
        self.cancel()
        self._inbox.put(None)
        self._thread.join(timeout=_PARTING_S)
        for outcome in tuple(self._waited):
            outcome.cancel()

    # The engine's thread

    def _tell(self, step: Callable[[], None], *, is_work: bool = True) -> None:
        with self._lock:
            self._told += 1
            if is_work:
                self._rests.clear()
        self._inbox.put(step)

    def _run(self) -> None:
        closing = False
        while not (closing and not self.jobs):
            step = self._inbox.get()
            if step is None:
                closing = True
                continue
            try:
                step()
                self._launch()
            except UserError as error:  # the workspace cannot be written
                self._stop()
                self.refused.emit(error)
            except Exception as error:  # noqa: BLE001 - whoever waits for this thread would wait for ever
                self._stop()
                self.refused.emit(UserError(f"The run stopped: {type(error).__name__}: {error}.", _ONCE_MORE))
            self._settle()
            self.changed.emit()

    def _settle(self) -> None:
        with self._lock:
            self._told -= 1
            if not self._told and not self.jobs:
                self._rests.set()

    def _plan(self, recipe: str, folder: Path, source: str, outcome: Future[None]) -> None:
        root = str(self.workspace.path)
        payload: dict[str, Any] = {"recipe": recipe, "folder": str(folder), "source": source, "kept": self._kept()}
        payload |= {"root": root, "memory": self.executor.memory, "workers": self.executor.slots}
        job = self._submit(self.planner, "plan", payload, "Checking the recipe")
        self._plans[job.id] = recipe, folder, outcome

    def _go_on(self) -> None:
        self._going = True
        self._asked = {search.search for search in self._proposals.values()}
        if not self._trials:
            self.workspace.reset_running()  # what could not be recorded when it ended
        self._schedule.add(record.spec for record in self.workspace.trials("pending"))

    def _stop(self) -> None:
        self._going = False
        self._schedule.clear()
        for job in self.jobs:
            self._cancel(job)

    def _skip(self, identity: str) -> None:
        self.workspace.cancel(identity)
        self._schedule.drop(identity)
        running = [job for job in self.jobs if job.id in self._trials and self._trials[job.id].identity == identity]
        for job in running:
            self._cancel(job)
        if not running:
            self.workspace.sweep_drafts()

    def _launch(self) -> None:
        self._start_trials()
        if self._going:
            self._ask_searches()
            self._fit()

    def _ask_searches(self) -> None:
        """Ask every search of which nothing is left to run how it goes on."""
        for search in self.workspace.searches(idle=True):
            if search.search not in self._asked:
                self._asked.add(search.search)
                job = self._submit(self.planner, "propose", self._question(search), f"Searching: {search.title}")
                self._proposals[job.id] = search

    def _question(self, search: SearchRecord) -> dict[str, Any]:
        tried, results = self.workspace.search_history(search.search)
        return {
            "recipe": search.recipe,
            "folder": str(search.folder),
            "kept": self._kept(),
            "root": str(self.workspace.path),
            "search": search.search,
            "tried": tried,
            "results": results,
            "slots": self.executor.slots,
        }

    def _kept(self) -> dict[str, ModelSpec]:
        """Return the models by each of their names."""
        specs = {record.spec.model.identity: record.spec.model for record in self.workspace.trials()}
        return {
            name: specs[record.identity]
            for record in self.workspace.models()
            if record.identity in specs
            for name in (record.name, *record.aliases)
        }

    def _start_trials(self) -> None:
        while self._going and len(self._trials) < self.executor.slots:
            trial = self._schedule.take()
            if trial is None:
                self._give_up_orphans()
                return
            self.workspace.begin(trial.identity)
            payload = {"root": str(self.workspace.path), "trial": trial}
            job = self._submit(self.executor, "trial", payload, trial.model.name)
            self._trials[job.id] = trial

    def _fit(self) -> None:
        """Once nothing is left to run, do the fits whose inputs are not those that they were last computed from."""
        if self._trials or self._proposals or self._fits:
            return
        for record in self.workspace.fits():
            inputs = inputs_of(self.workspace, record.spec)
            if inputs != record.inputs:
                payload = {"root": str(self.workspace.path), "spec": record.spec}
                job = self._submit(self.planner, "fit", payload, record.spec.name)
                self._fits[job.id] = record.spec.identity, inputs

    def _give_up_orphans(self) -> None:
        for trial, missing in self._schedule.orphans():
            problem = f"Its parent {missing.name} was not made."
            self.workspace.fail(trial.identity, problem, "See why, and run the recipe again.")

    def _submit(self, executor: Executor, task: str, payload: dict[str, Any], title: str) -> Job:
        job = executor.submit(task, payload, title)
        self.jobs = (*self.jobs, job)
        return job

    def _cancel(self, job: Job) -> None:
        (self.executor if job.id in self._trials else self.planner).cancel(job)

    def _begin_errand(self, task: str, payload: dict[str, Any], title: str, outcome: Future[Any]) -> None:
        self._errands[self._submit(self.planner, task, payload, title).id] = outcome

    def _on_job_changed(self, job: Job) -> None:
        if job.over:
            self._tell(partial(self._end, job), is_work=False)

    def _end(self, job: Job) -> None:
        if job not in self.jobs:  # somebody else's, on the same worker
            return
        self.jobs = tuple(other for other in self.jobs if other is not job)
        if job.id in self._plans:
            self._end_plan(job, *self._plans.pop(job.id))
        elif job.id in self._proposals:
            self._end_proposal(job, self._proposals.pop(job.id))
        elif job.id in self._fits:
            self._end_fit(job, *self._fits.pop(job.id))
        elif job.id in self._errands:
            _tell_outcome(job, self._errands.pop(job.id))
        else:
            self._end_trial(job, self._trials.pop(job.id))

    def _end_plan(self, job: Job, recipe: str, folder: Path, outcome: Future[None]) -> None:
        if not outcome.set_running_or_notify_cancel():
            return
        if isinstance(job.value, Plan):
            self._adopt(job.value, recipe, folder, outcome)
        else:
            outcome.set_exception(job.error or Cancelled())
        if job.error:
            self.refused.emit(job.error)

    def _adopt(self, plan: Plan, recipe: str, folder: Path, outcome: Future[None]) -> None:
        try:
            self.workspace.add_plan(plan, recipe, folder)
        except UserError as error:
            outcome.set_exception(error)
            raise
        self._go_on()
        outcome.set_result(None)

    def _end_proposal(self, job: Job, search: SearchRecord) -> None:
        if job.error:  # it is asked again when the engine is told to go on
            self.refused.emit(job.error)
            return
        self._asked.discard(search.search)
        if isinstance(job.value, Proposal):
            self.workspace.add_proposal(search.search, job.value)
            if self._going:
                self._schedule.add(record.spec for record in self.workspace.trials("pending"))

    def _end_fit(self, job: Job, fit: str, inputs: str) -> None:
        if job.error:
            self.workspace.fail_fit(fit, inputs, job.error.problem, job.error.next_step)
        elif isinstance(job.value, FitResult):
            self.workspace.finish_fit(fit, inputs, job.value)

    def _end_trial(self, job: Job, trial: Trial) -> None:
        self._schedule.end(trial.identity)
        if job.error:
            self.workspace.fail(trial.identity, job.error.problem, job.error.next_step)
        elif isinstance(job.value, TrialResult):
            self._finish(trial, job.value)
        else:
            self.workspace.release(trial.identity)
            self.workspace.sweep_drafts()  # it may have been skipped

    def _finish(self, trial: Trial, result: TrialResult) -> None:
        try:
            self.workspace.finish(result)
        except UserError as error:
            self.workspace.fail(trial.identity, error.problem, error.next_step)
        except (ValueError, TypeError) as error:  # the method's result is not what it promised
            self.workspace.fail(trial.identity, f"Its result cannot be kept: {error}.", "Mend the method.")


def _tell_outcome(job: Job, outcome: Future[Any]) -> None:
    if not outcome.set_running_or_notify_cancel():
        return
    if job.state == "done":
        outcome.set_result(job.value)
    else:
        outcome.set_exception(job.error or Cancelled())
