"""Arrays: columns, layouts and answers for what is looked at, None until they are there."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...kernels.intervals import Interval
from ..catalogue import Catalogue
from ..columns import read_column
from ..correctness import Correctness, read_rows
from ..errors import UserError
from ..identity import digest
from ..jobs.executor import Executor
from ..naming import meant, plain_name
from ..selection import Selection
from ..weights import WEIGHT, relative
from ..workspace import ColumnRecord, Workspace
from .loading import Loading
from .looking import Looking, State
from .on_data import OnData
from .records import Records
from .snapshot import Snapshot


class Arrays(Looking):
    """The arrays of a workspace for what is looked at, and what the desk says of its models.

    Parameters
    ----------
    workspace : Workspace
        Read-only or writable.
    desk : Executor or None
        Computes what is missing; None where nothing may be computed.
    """

    def __init__(self, workspace: Workspace, desk: Executor | None) -> None:
        super().__init__()
        self.workspace = workspace
        self.desk = desk
        self.catalogue = Catalogue(entries=())
        self.loading = Loading(self._on_arrived)
        self._settled = State(Selection.none(0)), Snapshot(), State(Selection.none(0))
        self.records = Records(workspace, self.loading.later, self._is_heard, self._on_read)

    @property
    def state(self) -> State:
        """What is looked at; what nobody chose is the first data set that was measured on, and its first models."""
        present, snapshot = self.history.present, self.snapshot
        if self._settled[0] is not present or self._settled[1] is not snapshot:
            self._settled = present, snapshot, _settled(present, snapshot)
        return self._settled[2]

    @property
    def shown(self) -> OnData:
        """What was measured on the data set that is shown."""
        return self.snapshot.on(self.state.data)

    @property
    def snapshot(self) -> Snapshot:
        """The records, as `Records.snapshot`."""
        return self.records.snapshot

    @snapshot.setter
    def snapshot(self, snapshot: Snapshot) -> None:
        self.records.snapshot = snapshot

    def has_column(self, model: str, name: str) -> bool:
        """Return whether the workspace holds that column of the model on the current data set."""
        return self._held(model, name) is not None

    def column(self, model: str | None, name: str) -> NDArray[Any] | None:
        """Return a per-sample column, (samples,) or (samples, width), of a model on the current data set.

        None while it is being loaded, or if there is none; `Session.changed` tells ``arrays`` when it is there. A name
        means what `graftwork.analysis.naming.meant` says.

        Raises
        ------
        UserError
            If several columns are meant.
        """
        return self._read(self._held(model, name))

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
        return self._read(self._of_data(name))

    def _held(self, model: str | None, name: str) -> ColumnRecord | None:
        """Return where a column of a model on the current data set lies; None where the workspace has none."""
        files, key = self.snapshot.column_files, (model or "", self.state.data or "")
        if (*key, name) in files:
            return files[*key, name]
        alike = [c for c in files.values() if (c.model, c.data) == key and c.column == plain_name(name)]
        return files[*key, meant(name, alike)] if alike else None

    def _read(self, held: ColumnRecord | None) -> NDArray[Any] | None:
        if held is None:
            return None
        return self.loading.fetch(("column", str(held.path), held.column), lambda: read_column(held.path, held.column))

    def _of_data(self, name: str) -> ColumnRecord | None:
        """Return where a column that all models share lies; None where the workspace has none."""
        data = self.state.data
        return next((c for c in self.snapshot.columns if c.data == data and c.name == name), None)

    def accuracies(self) -> dict[str, Interval] | None:
        """Return each model's accuracy on the selected samples, on all where none is selected, by identity.

        Each has its 95 % interval; samples are weighted where their data set weighs them. A reader computes them; until
        it has, they are those of the selection before, and None where there was none.
        """
        wanted = (self.state.data, "correct")
        held = self.snapshot.column_files.items()
        files = {model: str(column.path) for (model, *rest), column in held if tuple(rest) == wanted}
        if not files:
            return {}
        rows = self.loading.fetch(("correctness", *files.values()), lambda: read_rows(map(Path, files.values())))
        samples, declared = self.samples(), self._shared(WEIGHT)
        if rows is None or not samples or (declared is None and self._of_data(WEIGHT)):
            return None
        selection = self._sized(samples)

        def told() -> dict[str, Interval]:
            weights = None if declared is None else relative(declared)
            within = selection.mask if selection.count else None
            return Correctness(tuple(files), rows, samples, weights).accuracies(within)

        return self.loading.latest(("accuracies", self.state.data), (tuple(files.values()), selection.bits), told)

    def projection(
        self, models: Sequence[str], method: str, column: str = "features", **parameters: Any
    ) -> list[NDArray[np.float32]] | None:
        """Return one (samples, 2) layout a model, in a shared frame; None while it is computed or cannot be.

        The worker computes it once and keeps it in the workspace.
        """
        data = self.state.data or ""
        held = [self.snapshot.column_files.get((model, data, column)) for model in models]
        files = [str(each.path) for each in held if each]
        if not files or len(files) < len(held):
            return None
        target = self.projection_file(models, data, method, column, parameters)
        keys = [("layout", str(target), number) for number in range(len(models))]
        layouts = [self.loading.held.get(key) for key in keys]
        if all(layout is not None for layout in layouts):
            return [layout for layout in layouts if layout is not None]
        payload = {
            "features": [(file, column) for file in files],
            "method": method,
            "parameters": parameters,
            "target": str(target),
        }
        self.loading.request(("layouts", str(target)), lambda: self._load_layouts(target, keys, payload), "layouts")
        return None

    def projection_file(
        self, models: Sequence[str], data: str, method: str, column: str, parameters: dict[str, Any]
    ) -> Path:
        """Return where the workspace keeps a projection, once it is computed."""
        version = next((e.version for e in self.catalogue.entries if e.id == method), 1)
        name = digest(["projection", method, version, parameters, list(models), data, column])
        return self.workspace.projection(name)

    def _load_layouts(self, target: Path, keys: list[tuple[str, str, int]], payload: dict[str, Any]) -> None:
        if not target.exists():
            if self.desk is None:
                raise UserError("This layout has not been computed.", "Open the workspace in the window once.")
            self.desk.submit("project", payload, f"{payload['method'].upper()} layout").result()
        for key in keys:
            self.loading.held[key] = read_column(target, str(key[2]))

    def about(self, model: str | None, task: str, title: str) -> Any | UserError | None:
        """Return what the desk says of a model, as `answer`; None also where the workspace has no such model.

        The task gets the workspace's ``root`` and the ``model``'s spec. Once the model's file is another one, or there
        again, it is asked anew.
        """
        spec = self.snapshot.specs.get(model or "")
        payload = {"root": str(self.workspace.path), "model": spec}
        return self.answer(task, payload, title, since=self.stamp(model)) if spec else None

    def stamp(self, model: str | None) -> tuple[int, int] | None:
        """Return what tells a model's file, as it is now, from what it was: time and size; None where there is none."""
        record = self.snapshot.by_identity.get(model or "")
        try:
            found = record.path.stat() if record and record.path else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size) if found else None

    def answer(
        self, task: str, payload: Mapping[str, Any], title: str, *, since: Hashable = None
    ) -> Any | UserError | None:
        """Return what the desk says to a request, which it is asked once: the answer, or why there is none.

        None while it has not answered; `Session.changed` tells ``arrays`` when it has. An answer holds as long as
        ``since`` is the same.
        """
        key = ("answer", task, *map(repr, payload.values()), since)

        def ask() -> Any:
            if self.desk is None:
                raise UserError("This workspace is open read-only.", "Close the program that is writing to it.")
            return self.desk.submit(task, payload, title).result()

        return self.loading.error(*key) or self.loading.fetch(key, ask, "asker")

    def retry(self, *prefix: Hashable) -> None:
        """Forget errors of keys that start so; what they are of is asked for again when it is next wanted."""
        self.loading.forget_errors(*prefix)

    def error(self, *prefix: Hashable) -> UserError | None:
        """Return why an array cannot be had: the first error of a key that starts so (``layouts``, ``column``)."""
        return self.loading.error(*prefix)

    @property
    def misses(self) -> int:
        """How often something was asked for that was not there yet."""
        return self.loading.misses

    def idle(self) -> bool:
        """Return whether nothing is being loaded."""
        return self.loading.idle() and self.records.idle()

    def _is_heard(self) -> bool:
        return len(self.changed) > 0

    def _on_read(self) -> None:
        self.changed.emit("records")

    def _on_arrived(self) -> None:
        self.changed.emit("arrays")


def _settled(present: State, snapshot: Snapshot) -> State:
    """Return a state with a data set and two models, where the workspace has some and nobody chose."""
    data = present.data or next((record.identity for record in snapshot.measured_data), None)
    pinned, primary = snapshot.on(data).begins_with
    return replace(present, data=data, pinned=present.pinned or pinned, primary=present.primary or primary)
