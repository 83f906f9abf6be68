"""The engine: plans recipes, runs their trials one after another in the worker, and records what comes back."""

import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psygnal import Signal

from ..errors import Cancelled, UserError
from ..trials import DerivedModel, Trial
from ..workspace import Workspace
from .worker import Job, Worker


class Engine:
    """Runs the trials of one workspace.

    The queue is the workspace's: a trial that was planned and not finished, in this process or an earlier one, runs
    when the engine is told to go on. The engine's own thread does all writing.

    Parameters
    ----------
    workspace : Workspace
        Open for writing.
    worker : Worker
        Where trials run.
    """

    changed = Signal()
    refused = Signal(UserError)

    def __init__(self, workspace: Workspace, worker: Worker) -> None:
        self.workspace = workspace
        self.worker = worker
        self.current: Job | None = None
        self.current_trial: Trial | None = None
        self._planning: deque[tuple[str, Path, str]] = deque()
        self._active = self._checking = self._closing = False
        self._condition = threading.Condition()
        workspace.reset_running()
        self._thread = threading.Thread(target=self._run, name="graftwork engine", daemon=True)
        self._thread.start()

    # What a caller uses

    def submit(self, recipe: str, folder: Path, source: str = "The recipe") -> None:
        """Plan a recipe, given as TOML with paths relative to ``folder``, and run it; refusals go to ``refused``."""
        with self._condition:
            self._planning.append((recipe, folder, source))
            self._checking = True
            self._active = True
            self._condition.notify_all()

    def resume(self) -> None:
        """Go on with every trial that is pending."""
        with self._condition:
            self._active = True
            self._condition.notify_all()

    def unfinished(self) -> int:
        """Return how many trials are planned and not finished."""
        return len(self.workspace.trials("pending"))

    def cancel(self) -> None:
        """Stop the running trial, which returns to the queue, and start no other until `resume`."""
        with self._condition:
            self._active = self._checking = False
            self._planning.clear()
            job = self.current
        if job:
            self.worker.cancel(job)

    def skip(self, identity: str) -> None:
        """Cancel one trial for good, running or not; the others go on."""
        self.workspace.cancel(identity)
        if self.current and self.current_trial and self.current_trial.identity == identity:
            self.worker.cancel(self.current)

    @property
    def planning(self) -> bool:
        """Whether a recipe is being checked or waits for it."""
        return self._checking

    @property
    def running(self) -> bool:
        """Whether there is work under way or about to be."""
        return self._active

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left to run; return False if that takes longer than ``timeout`` seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: not self._active, timeout)

    def close(self) -> None:
        """Stop; what is running returns to the queue."""
        self._closing = True
        self.cancel()
        with self._condition:
            self._condition.notify_all()
        self._thread.join(timeout=5)

    # The engine's thread

    def _run(self) -> None:
        while not self._closing:
            with self._condition:
                self._condition.wait_for(lambda: self._active or self._closing)
                planning = self._planning.popleft() if self._planning else None
            if self._closing:
                return
            if planning:
                self._plan(*planning)
            elif not self._run_next():
                self._rest()
            self.changed.emit()

    def _rest(self) -> None:
        with self._condition:
            self._active = bool(self._planning)
            self._condition.notify_all()

    def _plan(self, recipe: str, folder: Path, source: str) -> None:
        kept = {record.model: record.spec.model for record in self.workspace.trials()}
        payload = {"recipe": recipe, "folder": str(folder), "source": source, "kept": kept}
        try:
            plan = self._ask("plan", payload, "Checking the recipe")
            self.workspace.add_plan(plan, recipe)
        except UserError as error:
            self.refused.emit(error)
        except Cancelled:
            return
        finally:
            self._checking = bool(self._planning)

    def _run_next(self) -> bool:
        pending = self.workspace.trials("pending")
        if not pending:
            return False
        record = pending[0]
        orphaned = self._missing_parent(record.spec)
        if orphaned:
            self.workspace.fail(record.identity, *orphaned)
            return True
        self.workspace.begin(record.identity)
        self.current_trial = record.spec
        try:
            payload = {"root": str(self.workspace.path), "trial": record.spec}
            self.workspace.finish(self._ask("trial", payload, record.model))
        except UserError as error:
            self.workspace.fail(record.identity, error.problem, error.next_step)
        except Cancelled:
            self.workspace.reset_running()
        finally:
            self.current_trial = None
        return True

    def _ask(self, task: str, payload: Mapping[str, Any], title: str) -> Any:
        self.current = self.worker.submit(task, payload, title)
        self.changed.emit()
        try:
            return self.current.result()
        finally:
            self.current = None

    def _missing_parent(self, trial: Trial) -> tuple[str, str] | None:
        for model in trial.inputs.values():
            if isinstance(model, DerivedModel):
                path = self.workspace.path / "checkpoints" / f"{model.identity}.safetensors"
                if not path.exists():
                    return (
                        f"Its parent {model.name} was not made.",
                        "See why, and run the recipe again.",
                    )
        return None
