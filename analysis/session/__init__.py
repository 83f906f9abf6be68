"""The session: what the views see of a workspace, and what a person is looking at in it.

Views read from here alone. Nothing here waits: records come as an immutable snapshot, arrays are loaded on threads and
are None until they are there, and every change is told by `Session.changed`.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal

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
        """Return the names of the data set's classes."""
        for model in self.snapshot.models:
            names = model.facts.get("class_names")
            if names and (model.identity, self.state.data or "", "label") in self.snapshot.column_files:
                return tuple(names)
        return ()

    def _on_read(self) -> None:
        self._settle()
        super()._on_read()

    def _settle(self) -> None:
        """Look at the first model and what was first made of it, until a person looks elsewhere."""
        if self.history.undoes or self.history.redoes or not self.snapshot.columns:
            return
        data = self.snapshot.columns[0].data
        measured = {column.model for column in self.snapshot.columns if column.data == data}
        models = [model for model in self.snapshot.models if model.identity in measured]
        first = models[0]
        made = next((m for m in models if any(p.identity == first.identity for p in m.parents)), first)
        state = replace(self.state, data=data, pinned=first.identity, primary=made.identity)
        if state != self.state:
            self.history = History(state)
            self.changed.emit("state")

    # What is kept

    def keep_selection(self, name: str) -> None:
        """Keep the selected samples under a name in the workspace."""
        data, selection = self.state.data, self.state.selection
        if data is not None:
            self.write(lambda space: space.save_selection(name, data, selection))

    def forget_selection(self, name: str) -> None:
        """Remove a kept selection."""
        self.write(lambda space: space.delete_selection(name))

    def rename_selection(self, old: str, new: str) -> None:
        """Give a kept selection another name."""
        self.write(lambda space: space.rename_selection(old, new))

    def recall_selection(self, name: str, mode: str = "replace") -> None:
        """Combine a kept selection with the current one."""
        data = self.state.data

        def recall() -> None:
            if data is not None:
                self.select_samples(self.workspace.load_selection(name, data).mask, mode)

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
