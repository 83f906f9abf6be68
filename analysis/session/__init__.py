"""The session: what the views see of a workspace, and what a person is looking at in it.

Views read from here alone. Nothing here waits: records come as an immutable snapshot, arrays are loaded on threads and
are None until they are there, and every change is told by `Session.changed`.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from ..catalogue import Catalogue
from ..errors import UserError
from ..jobs.engine import Engine
from ..jobs.executor import Executor, Job
from ..selection import History
from ..workspace import ModelRecord, Workspace
from .arrays import Arrays
from .looking import State
from .snapshot import Snapshot

Change = Literal["records", "state", "arrays", "jobs"]

__all__ = ["Change", "Session", "Snapshot", "State"]


class Session(Arrays):
    """One open workspace.

    Parameters
    ----------
    workspace : Workspace
        Read-only or writable.
    engine : Engine or None
        Runs trials; None for a read-only session.
    desk : Executor or None
        Answers what a person is waiting for (plans, inspections, projections); None where nothing may be computed.
    """

    def __init__(self, workspace: Workspace, engine: Engine | None = None, desk: Executor | None = None) -> None:
        super().__init__(workspace, desk)
        self.engine = engine
        self.message: UserError | None = None
        self._writer = ThreadPoolExecutor(1, "graftwork writer")
        if engine:
            engine.changed.connect(self._on_engine_changed)
            engine.refused.connect(self._on_refused)
            engine.executor.changed.connect(self._on_job_changed)

    # Records

    def refresh(self) -> None:
        """Read the records anew, now; for scripts, and for the first time."""
        self.records.refresh()

    def learn(self, catalogue: Catalogue) -> None:
        """Take over what the program can do: the titles and units of what was measured."""
        if catalogue != self.catalogue:
            self.catalogue = catalogue
            self.changed.emit("records")

    def model(self, identity: str | None) -> ModelRecord | None:
        """Return the record of a model."""
        return self.snapshot.by_identity.get(identity) if identity else None

    def class_names(self) -> tuple[str, ...]:
        """Return the names of the classes of the data set that is shown."""
        return self.shown.classes

    def awaits(self, model: str | None = None) -> bool:
        """Return whether work is under way that will measure a model, or any, on the data set that is shown."""
        if self.engine is None or not self.engine.running:
            return False
        left = [trial.spec for trial in self.snapshot.trials if trial.state in ("pending", "running")]
        shown = self.state.data
        here = [spec for spec in left if spec.data and shown in (None, spec.data.identity)]
        return any(model in (None, spec.model.identity) for spec in here)

    def restore(self, seen: Mapping[str, Any]) -> None:
        """Begin with what was looked at, as `State.seen` told it, as far as it is there and nobody looked elsewhere."""
        if self.history.undoes or self.history.redoes:
            return
        models, datasets = self.snapshot.by_identity, {data.identity for data in self.snapshot.measured_data}
        known = {"primary": models, "pinned": models, "data": datasets}
        found = {name: seen[name] for name in known if seen.get(name) in known[name]}
        options = tuple(sorted((str(name), str(value)) for name, value in seen.get("options") or ()))
        self.history = History(replace(self.history.present, options=options, **found))
        self.changed.emit("state")

    # What is kept

    def keep_selection(self, name: str) -> None:
        """Keep the selected samples under a name in the workspace."""
        data, selection = self.state.data, self.state.selection
        if data is not None:
            self.write(lambda space: space.save_selection(name, data, selection))

    def forget_selection(self, name: str) -> None:
        """Remove a kept selection of the data set that is shown."""
        data = self.state.data or ""
        self.write(lambda space: space.delete_selection(name, data))

    def rename_selection(self, old: str, new: str) -> None:
        """Give a kept selection of the data set that is shown another name."""
        data = self.state.data or ""
        self.write(lambda space: space.rename_selection(old, new, data))

    def recall_selection(self, name: str, mode: str = "replace") -> None:
        """Combine a kept selection with the current one."""
        data = self.state.data

        def recall() -> None:
            if data is not None:
                self.select_samples(self.workspace.load_selection(name, data).mask, mode, data)

        self.loading.later(recall)

    def note(self, model: str) -> str:
        """Return the note on a model."""
        return self.workspace.note(model)

    # Doing

    def run_recipe(self, recipe: str, folder: Path, source: str = "The recipe") -> Future[None]:
        """Plan and run a recipe given as TOML; returns what `Engine.submit` does.

        Raises
        ------
        UserError
            If the workspace is read-only.
        """
        if self.engine is None:
            raise UserError("This workspace is open read-only.", "Close the program that is writing to it.")
        self.message = None
        return self.engine.submit(recipe, folder, source)

    def write(self, change: Callable[[Workspace], object]) -> Future[object]:
        """Change the workspace on the writer's thread; a refusal becomes the session's message."""
        written = self._writer.submit(change, self.workspace)
        written.add_done_callback(self._on_written)
        return written

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What runs for the engine."""
        return self.engine.jobs if self.engine else ()

    @property
    def read_only(self) -> bool:
        """Whether nothing can be run or changed."""
        return self.engine is None

    def close(self) -> None:
        """Stop loading; the owner closes engine, workers and workspace."""
        self.records.close()
        self.loading.close()
        self._writer.shutdown(wait=True)

    # What it hears, on other threads

    def _on_engine_changed(self) -> None:
        self.changed.emit("jobs")

    def _on_job_changed(self) -> None:
        self.changed.emit("jobs")

    def _on_written(self, written: Future[object]) -> None:
        error = written.exception()
        if isinstance(error, UserError):
            self._on_refused(error)

    def _on_refused(self, error: UserError) -> None:
        self.message = error
        self.changed.emit("jobs")
