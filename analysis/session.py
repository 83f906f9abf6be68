"""The session: what the views see of a workspace, and what a person is looking at in it.

Views read from here alone. Nothing here waits: records come as an immutable snapshot, arrays are loaded on threads and
are None until they are there, and every change is told by `Session.changed`.
"""

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from ..kernels.bootstrap import Interval
from .catalogue import Catalogue
from .columns import read_column
from .correctness import Correctness, read_rows
from .errors import Cancelled, UserError
from .identity import digest
from .jobs.engine import Engine
from .jobs.executor import Executor, Job
from .selection import History, Mode, Selection
from .trials import ModelSpec
from .workspace import (
    ColumnRecord,
    DataRecord,
    ModelRecord,
    SearchRecord,
    SelectionRecord,
    TrialRecord,
    ValueRecord,
    Workspace,
)

Change = Literal["records", "state", "arrays", "jobs"]


@dataclass(frozen=True)
class Snapshot:
    """Everything the workspace has recorded, at one moment."""

    models: tuple[ModelRecord, ...] = ()
    values: tuple[ValueRecord, ...] = ()
    trials: tuple[TrialRecord, ...] = ()
    columns: tuple[ColumnRecord, ...] = ()
    datasets: tuple[DataRecord, ...] = ()
    selections: tuple[SelectionRecord, ...] = ()
    searches: tuple[SearchRecord, ...] = ()

    @cached_property
    def by_identity(self) -> dict[str, ModelRecord]:
        """Models by identity."""
        return {model.identity: model for model in self.models}

    @cached_property
    def by_name(self) -> dict[str, ModelRecord]:
        """Models by name."""
        return {model.name: model for model in self.models}

    @cached_property
    def specs(self) -> dict[str, ModelSpec]:
        """What models are made of, by identity."""
        return {trial.spec.model.identity: trial.spec.model for trial in self.trials}

    @cached_property
    def value_table(self) -> dict[str, dict[str, ValueRecord]]:
        """The latest value of every measure, by model name, then measure."""
        table: dict[str, dict[str, ValueRecord]] = {}
        for value in self.values:
            table.setdefault(value.model, {})[value.measure] = value
        return table

    @cached_property
    def measures(self) -> tuple[str, ...]:
        """Names of all measured quantities."""
        return tuple(dict.fromkeys(value.measure for value in self.values))

    @cached_property
    def column_files(self) -> dict[tuple[str, str, str], str]:
        """The file that holds a column, by model identity, data identity and column name."""
        return {(c.model, c.data, c.name): str(c.path) for c in self.columns}


@dataclass(frozen=True)
class State:
    """What a person is looking at; undo and redo go over this.

    Attributes
    ----------
    selection : Selection
        The chosen samples, classes, layers and models (identities).
    primary : str or None
        Identity of the model that is looked at.
    pinned : str or None
        Identity of the reference that it is compared with.
    data : str or None
        Identity of the data set.
    options : tuple of (str, str)
        What the views were told to show, ``view.option`` and its value.
    """

    selection: Selection
    primary: str | None = None
    pinned: str | None = None
    data: str | None = None
    options: tuple[tuple[str, str], ...] = ()


class Session:
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

    changed = Signal(str)
    """Emitted with ``records``, ``state``, ``arrays`` or ``jobs``, from any thread."""

    def __init__(self, workspace: Workspace, engine: Engine | None = None, desk: Executor | None = None) -> None:
        self.workspace = workspace
        self.engine = engine
        self.desk = desk
        self._snapshot = Snapshot()
        self.catalogue = Catalogue(entries=())
        self.message: UserError | None = None
        self._arrays: dict[Hashable, Any] = {}
        self._errors: dict[Hashable, UserError] = {}
        self._waiting: set[Hashable] = set()
        self._lock = threading.Lock()
        self._refreshing = self._stale = self._closed = False
        self._over = threading.Event()
        self._readers = ThreadPoolExecutor(2, "graftwork reader")
        self._layouts = ThreadPoolExecutor(1, "graftwork layouts")  # waits for the desk, and so does the next
        self._askers = ThreadPoolExecutor(1, "graftwork asker")
        self._writer = ThreadPoolExecutor(1, "graftwork writer")
        self.history: History[State] = History(State(Selection.none(0)))
        workspace.changed.connect(self._on_workspace_changed)
        if workspace.read_only:
            threading.Thread(target=self._follow, name="graftwork follower", daemon=True).start()
        if engine:
            engine.changed.connect(self._on_engine_changed)
            engine.refused.connect(self._on_refused)
            engine.executor.changed.connect(self._on_job_changed)

    # Records

    @property
    def snapshot(self) -> Snapshot:
        """The records as last read; if they changed while nobody listened, they are read anew.

        That happens here for a script, and on a thread for a listener, who will hear of it.
        """
        if self._stale and not self._closed:
            if len(self.changed):
                self._on_workspace_changed()
            else:
                self._stale = False
                self.refresh()
        return self._snapshot

    @snapshot.setter
    def snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def refresh(self) -> None:
        """Read the records anew, now; for scripts, and for the first time."""
        space = self.workspace
        self.snapshot = Snapshot(
            models=tuple(space.models()),
            values=tuple(space.values()),
            trials=tuple(space.trials()),
            columns=tuple(space.columns()),
            datasets=tuple(space.datasets()),
            selections=tuple(space.selections()),
            searches=tuple(space.searches()),
        )
        self._settle()
        self.changed.emit("records")

    def learn(self, catalogue: Catalogue) -> None:
        """Take over what the program can do: the titles and units of what was measured."""
        if catalogue != self.catalogue:
            self.catalogue = catalogue
            self.changed.emit("records")

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

    # What is looked at

    @property
    def state(self) -> State:
        """The selection, the primary and the pinned model."""
        return self.history.present

    def look(self, step: str, **changes: Any) -> None:
        """Change the state, as one step of undo."""
        state = replace(self.state, **changes)
        if state != self.state:
            self.history.step(step, state)
            self.changed.emit("state")

    def option(self, name: str) -> str | None:
        """Return what a view was told to show, None where nobody said."""
        return dict(self.state.options).get(name)

    def set_option(self, name: str, value: str) -> None:
        """Tell a view what to show."""
        self.look(f"change {name}", options=tuple(sorted((dict(self.state.options) | {name: value}).items())))

    def select_samples(self, mask: NDArray[np.bool_], mode: str = "replace") -> None:
        """Combine the samples where ``mask`` (samples,) is true with the selection."""
        gesture = Selection.of(mask).marking(models=self.state.selection.models)
        selection = self._sized(len(mask)).combine(gesture, Mode(mode))
        self.look("select samples", selection=selection.marking(models=self.state.selection.models))

    def select_models(self, identities: Iterable[str], mode: str = "replace") -> None:
        """Combine models with the selection."""
        selection = self.state.selection
        gesture = replace(selection, models=frozenset(identities))
        models = selection.combine(gesture, Mode(mode)).models
        self.look("select models", selection=selection.marking(models=models))

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

        self._later(recall)

    def note(self, model: str) -> str:
        """Return the note on a model."""
        return self.workspace.note(model)

    def clear_selection(self) -> None:
        """Select nothing."""
        self.look("clear selection", selection=Selection.none(self.state.selection.size))

    def undo(self) -> None:
        """Take the last step back."""
        if self.history.undoes:
            self.history.undo()
            self.changed.emit("state")

    def redo(self) -> None:
        """Take it again."""
        if self.history.redoes:
            self.history.redo()
            self.changed.emit("state")

    def selected_mask(self, samples: int) -> NDArray[np.bool_]:
        """Return which of that many samples are selected, (samples,)."""
        return self._sized(samples).mask

    def _sized(self, size: int) -> Selection:
        selection = self.state.selection
        return selection if selection.size == size else Selection.none(size)

    # Arrays

    def has_column(self, model: str, name: str) -> bool:
        """Return whether the workspace holds that column of the model on the current data set."""
        return (model, self.state.data or "", name) in self.snapshot.column_files

    def column(self, model: str | None, name: str) -> NDArray[Any] | None:
        """Return a per-sample column, (samples,) or (samples, width), of a model on the current data set.

        None while it is being loaded, or if there is none; `Session.changed` tells ``arrays`` when it is there.
        """
        file = self.snapshot.column_files.get((model or "", self.state.data or "", name))
        return self._fetch(("column", file, name), lambda: read_column(Path(file), name)) if file else None

    def labels(self) -> NDArray[np.int64] | None:
        """Return the true class of every sample, (samples,)."""
        return self._shared("label")

    def samples(self) -> int:
        """Return how many samples the data set has, 0 while nobody knows."""
        labels = self.labels()
        return 0 if labels is None else len(labels)

    def sample_names(self) -> NDArray[np.bytes_] | None:
        """Return the name of every sample, (samples,), as UTF-8."""
        return self._shared("name")

    def pictures(self) -> NDArray[np.uint8] | None:
        """Return the samples as pictures, (samples, height, width, 3), where the workspace keeps them."""
        return self._shared("picture")

    def _shared(self, name: str) -> NDArray[Any] | None:
        data = self.state.data
        file = next((str(c.path) for c in self.snapshot.columns if c.data == data and c.name == name), None)
        return self._fetch(("column", file, name), lambda: read_column(Path(file), name)) if file else None

    def accuracies(self) -> dict[str, Interval] | None:
        """Return each model's accuracy on the selected samples, on all where none is selected, by identity.

        None while what they have right is being loaded. Each accuracy has its 95 % bootstrap interval.
        """
        wanted = (self.state.data, "correct")
        files = {model: file for (model, *rest), file in self.snapshot.column_files.items() if tuple(rest) == wanted}
        if not files:
            return {}
        rows = self._fetch(("correctness", *files.values()), lambda: read_rows(map(Path, files.values())))
        if rows is None or not self.samples():
            return None
        mask = self.selected_mask(self.samples())
        return Correctness(tuple(files), rows, self.samples()).accuracies(mask if mask.any() else None)

    def projection(
        self, models: Sequence[str], method: str, column: str = "features", **parameters: Any
    ) -> list[NDArray[np.float32]] | None:
        """Return one (samples, 2) layout a model, in a shared frame; None while it is computed or cannot be.

        The worker computes it once and keeps it in the workspace.
        """
        data = self.state.data or ""
        files = [self.snapshot.column_files.get((model, data, column)) for model in models]
        if not files or None in files:
            return None
        target = self._projection_file(models, data, method, column, parameters)
        keys = [("layout", str(target), number) for number in range(len(models))]
        layouts = [self._arrays.get(key) for key in keys]
        if all(layout is not None for layout in layouts):
            return [layout for layout in layouts if layout is not None]
        payload = {
            "features": [(file, column) for file in files],
            "method": method,
            "parameters": parameters,
            "target": str(target),
        }
        self._request(("layouts", str(target)), lambda: self._load_layouts(target, keys, payload), self._layouts)
        return None

    def _projection_file(
        self, models: Sequence[str], data: str, method: str, column: str, parameters: dict[str, Any]
    ) -> Path:
        version = next((e.version for e in self.catalogue.entries if e.id == method), 1)
        name = digest(["projection", method, version, parameters, list(models), data, column])
        return self.workspace.projection(name)

    def _load_layouts(self, target: Path, keys: list[tuple[str, str, int]], payload: dict[str, Any]) -> None:
        if not target.exists():
            if self.desk is None:
                raise UserError("This layout has not been computed.", "Open the workspace in the window once.")
            self.desk.submit("project", payload, f"{payload['method'].upper()} layout").result()
        for key in keys:
            self._arrays[key] = read_column(target, str(key[2]))

    # Answers

    def about(self, model: str | None, task: str, title: str) -> Any | UserError | None:
        """Return what the desk says of a model, as `answer`; None also where the workspace has no such model.

        The task gets the workspace's ``root`` and the ``model``'s spec.
        """
        spec = self.snapshot.specs.get(model or "")
        return self.answer(task, {"root": str(self.workspace.path), "model": spec}, title) if spec else None

    def answer(self, task: str, payload: Mapping[str, Any], title: str) -> Any | UserError | None:
        """Return what the desk says to a request, which it is asked once: the answer, or why there is none.

        None while it has not answered; `Session.changed` tells ``arrays`` when it has.
        """
        key = ("answer", task, *map(repr, payload.values()))

        def ask() -> Any:
            if self.desk is None:
                raise UserError("This workspace is open read-only.", "Close the program that is writing to it.")
            return self.desk.submit(task, payload, title).result()

        return self._errors[key] if key in self._errors else self._fetch(key, ask, self._askers)

    def retry(self, *prefix: Hashable) -> None:
        """Forget errors of keys that start so; what they are of is asked for again when it is next wanted."""
        self._errors = {key: error for key, error in self._errors.items() if key[: len(prefix)] != prefix}  # type: ignore[index]

    def error(self, *prefix: Hashable) -> UserError | None:
        """Return why an array cannot be had: the latest error of a key that starts so (``layouts``, ``column``)."""
        return next((e for key, e in self._errors.items() if key[: len(prefix)] == prefix), None)  # type: ignore[index]

    def idle(self) -> bool:
        """Return whether nothing is being loaded."""
        return not self._waiting and not self._refreshing

    def _fetch(self, key: Hashable, read: Callable[[], Any], pool: ThreadPoolExecutor | None = None) -> Any | None:
        if key in self._arrays:
            return self._arrays[key]

        def load() -> None:
            self._arrays[key] = read()

        self._request(key, load, pool)
        return None

    def _request(self, key: Hashable, load: Callable[[], None], pool: ThreadPoolExecutor | None = None) -> None:
        with self._lock:
            if key in self._waiting or key in self._errors or self._closed:
                return
            self._waiting.add(key)

        def run() -> None:
            try:
                load()
            except UserError as error:
                self._errors[key] = error
            except Cancelled:
                pass
            except (OSError, KeyError) as error:
                self._errors[key] = UserError(f"An array of the workspace cannot be read: {error}.", _CHECK)
            self._waiting.discard(key)
            self.changed.emit("arrays")

        self._later(run, pool)

    def _later(self, work: Callable[[], None], pool: ThreadPoolExecutor | None = None) -> None:
        with self._lock:
            if not self._closed:
                (pool or self._readers).submit(work)

    # Doing

    def run_recipe(self, recipe: str, folder: Path, source: str = "The recipe") -> None:
        """Plan and run a recipe given as TOML."""
        if self.engine is None:
            raise UserError("This workspace is open read-only.", "Close the program that is writing to it.")
        self.message = None
        self.engine.submit(recipe, folder, source)

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
        self.workspace.changed.disconnect(self._on_workspace_changed)
        with self._lock:
            self._closed = True
        self._over.set()
        for pool in (self._readers, self._layouts, self._askers):
            pool.shutdown(wait=True, cancel_futures=True)
        self._writer.shutdown(wait=True)

    # What it hears, on other threads

    def _on_workspace_changed(self) -> None:
        with self._lock:
            self._stale = True
            if self._refreshing or self._closed or not len(self.changed):  # nobody looks
                return
            self._refreshing = True
            self._readers.submit(self._refresh_while_stale)

    def _follow(self) -> None:
        """Look at what another process writes, once a second."""
        seen = self.workspace.stamp()
        while not self._over.wait(_FOLLOW_S):
            stamp = self.workspace.stamp()
            if stamp != seen:
                seen = stamp
                self._on_workspace_changed()

    def _refresh_while_stale(self) -> None:
        while True:
            with self._lock:
                if not self._stale or self._closed:
                    self._refreshing = False
                    return
                self._stale = False
            self.refresh()

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


_FOLLOW_S = 1.0
_CHECK = "Run 'graftwork workspace check' on it."
