"""The workspace as the rest of the program sees it."""

from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ...kernels.intervals import Interval
from ..errors import UserError
from ..trials import FitResult, Plan, Proposal, Proposed, TrialResult
from . import check, fitting, packing, plans, queries, searches, states, values
from .database import Database
from .files import ARRAYS, CHECKPOINTS, DATABASE, LOCK, PROJECTION, existing, make_folders, vacant
from .keeper import Keeping
from .lock import WriterLock
from .records import (
    ColumnRecord,
    DataRecord,
    FitRecord,
    ModelRecord,
    RunRecord,
    SearchRecord,
    TrialRecord,
    TrialState,
    ValueRecord,
)
from .summary import summary


class Workspace(Keeping):
    """A folder of models, trials and what they measured; made by `open`, `create` or `open_or_create`.

    Every method may be called from any thread; each that writes is one transaction. Model, data set and trial
    arguments are identities. `UserError` is raised for what a person can mend, by writing methods also when the
    workspace is read-only.

    Attributes
    ----------
    changed : Signal of frozenset of str
        Names of the tables that a committed write touched, sent by the writing thread.
    path, arrays, checkpoints : Path
        The folder, and where executors put their files under a name of their own before `finish` names them.
    """

    def __init__(self, home: Path, lock: WriterLock | None) -> None:
        self.path = home
        self.arrays = home / ARRAYS
        self.checkpoints = home / CHECKPOINTS
        self._lock = lock
        super().__init__(Database(home / DATABASE, read_only=lock is None))

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open a workspace; beside a writer, only a read-only view opens.

        Raises
        ------
        UserError
            If there is none, it cannot be written, or another process (which is named) is writing it.
        """
        home = existing(path)
        return cls(home, None) if read_only else cls._writable(home)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a workspace in a new or empty folder and open it for writing.

        Raises
        ------
        UserError
            If something is there already, or the folder cannot be written.
        """
        return cls._writable(vacant(path))

    @classmethod
    def open_or_create(cls, path: Path) -> Self:
        """Open a workspace for writing, making it first if it is not there; errors as `open` and `create`."""
        return cls.open(path) if (path / DATABASE).is_file() else cls.create(path)

    @classmethod
    def _writable(cls, home: Path) -> Self:
        make_folders(home)
        lock = WriterLock(home / LOCK)
        try:
            workspace = cls(home, lock)
            workspace.reset_running()
            workspace.sweep()
        except BaseException:
            lock.release()
            raise
        return workspace

    def projection(self, name: str) -> Path:
        """Return where the projection of that name lies, or is to lie."""
        return self.arrays / f"{name}{PROJECTION}"

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Return size and time of the database's files: other ones once another process has written."""
        found = []
        for file in (self.path / DATABASE, self.path / f"{DATABASE}-wal"):
            with suppress(FileNotFoundError):
                status = file.stat()
                found.append((status.st_size, status.st_mtime_ns))
        return tuple(found)

    def close(self) -> None:
        """Close the database and let others write; twice does no harm."""
        self._database.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- trials ------------------------------------------------------------------------------------------------

    def add_plan(self, plan: Plan, recipe_toml: str, folder: Path = Path()) -> int:
        """Keep a plan and its recipe, and return the run's number; trials that are done stay done.

        ``folder`` is where the recipe's paths start, which a search needs to go on.
        """
        further = (*(["searches"] if plan.search else []), *(["fits"] if plan.fits else []))
        with self._write("recipes", "models", "operations", "datasets", "trials", *further) as db:
            run = plans.add_plan(db, plan, recipe_toml)
            if plan.search:
                searches.open_search(db, run, plan.search, folder.absolute())
            return run

    def runs(self) -> list[RunRecord]:
        """Return every run, the oldest first."""
        with self._database.read() as db:
            return queries.runs(db)

    def trials(self, state: TrialState | None = None, run: int | None = None) -> list[TrialRecord]:
        """Return the trials in the order of their plans, of one state or one run where these are given."""
        with self._database.read() as db:
            return queries.trials(db, state, run)

    def tally(self) -> dict[TrialState, int]:
        """Return how many trials there are of each state."""
        with self._database.read() as db:
            return queries.tally(db)

    def begin(self, trial: str) -> None:
        """Mark a pending trial as running; the mark means nothing once this process is gone."""
        with self._write("trials", durable=False) as db:
            states.begin(db, trial)

    def finish(self, result: TrialResult) -> None:
        """Record a result; its files must lie in `arrays` and `checkpoints` already."""
        with self._write("trials", "models", "measures", "columns") as db:
            states.finish(db, self.path, result)

    def fail(self, trial: str, problem: str, next_step: str) -> None:
        """Mark a trial as failed, and say why."""
        with self._write("trials") as db:
            states.fail(db, trial, problem, next_step)

    def cancel(self, trial: str) -> None:
        """Take a pending or running trial off the list."""
        with self._write("trials") as db:
            states.cancel(db, trial)

    def retry(self, trial: str) -> None:
        """Put a failed or cancelled trial back on the list."""
        with self._write("trials") as db:
            states.retry(db, trial)

    def release(self, trial: str) -> None:
        """Put a running trial back on the list."""
        with self._write("trials", durable=False) as db:
            states.release(db, trial)

    def reset_running(self) -> int:
        """Put running trials back on the list and return their number; opening for writing does this."""
        with self._write("trials") as db:
            return states.reset_running(db)

    # -- searches ----------------------------------------------------------------------------------------------

    def searches(self, *, idle: bool = False) -> list[SearchRecord]:
        """Return the searches by their latest run; where ``idle`` only those that wait for points to try."""
        with self._database.read() as db:
            return searches.searches(db, idle=idle)

    def search_history(self, search: str) -> tuple[list[Proposed], dict[str, dict[str, float | None]]]:
        """Return the points that a search has tried, and the values of its finished trials by trial and measure."""
        with self._database.read() as db:
            return searches.proposals(db, search), searches.results(db, search)

    def search_intervals(self, search: str) -> dict[str, dict[str, Interval]]:
        """Return the values of a search's finished trials that have an interval, by trial and measure."""
        with self._database.read() as db:
            return searches.intervals(db, search)

    def add_proposal(self, search: str, proposal: Proposal) -> None:
        """Add what a search tries next to its run, and keep its answer so far."""
        further = ["fits"] if proposal.plan and proposal.plan.fits else []
        with self._write("models", "operations", "datasets", "trials", "searches", *further) as db:
            searches.add_proposal(db, search, proposal)

    # -- fits --------------------------------------------------------------------------------------------------

    def fits(self) -> list[FitRecord]:
        """Return every fit that a run asked for, with what it was computed from and what came of it."""
        with self._database.read() as db:
            return fitting.fits(db)

    def finish_fit(self, fit: str, inputs: str, result: FitResult) -> None:
        """Record what a fit says of these inputs, in place of what it said before."""
        with self._write("fits") as db:
            fitting.finish(db, fit, inputs, result)

    def fail_fit(self, fit: str, inputs: str, problem: str, next_step: str) -> None:
        """Record why a fit of these inputs cannot be done."""
        with self._write("fits") as db:
            fitting.finish(db, fit, inputs, FitResult(), problem, next_step)

    # -- results -----------------------------------------------------------------------------------------------

    def models(self) -> list[ModelRecord]:
        """Return every model, in the order in which the workspace heard of them."""
        with self._database.read() as db:
            return queries.models(db, self.path)

    def values(self) -> list[ValueRecord]:
        """Return every measured number, by model, data set, seed and name; the latest where one was measured twice."""
        with self._database.read() as db:
            return values.values(db)

    def columns(self) -> list[ColumnRecord]:
        """Return where every per-sample column lies."""
        with self._database.read() as db:
            return values.columns(db, self.path)

    def datasets(self) -> list[DataRecord]:
        """Return every data set."""
        with self._database.read() as db:
            return queries.datasets(db)

    # -- the folder itself -------------------------------------------------------------------------------------

    def check(self) -> list[str]:
        """Return what is wrong with the workspace, one sentence each; nothing for a sound one."""
        with self._database.read() as db:
            return check.problems(db, self.path)

    def sweep(self) -> list[Path]:
        """Remove temporary files and drafts that nothing resumes, and return them; opening for writing does this.

        No executor may be at work.
        """
        if self.read_only:
            raise UserError(f"The workspace {self.path} is open read-only.", "Open it for writing first.")
        with self._database.read() as db:
            return check.sweep(db, self.path)

    def sweep_drafts(self) -> list[Path]:
        """Remove the drafts of trainings that do not go on, and return them; those of others stay."""
        with self._database.read() as db:
            return check.sweep_drafts(db, self.path)

    def pack(self, target: Path) -> Path:
        """Write everything into one zip file and return its absolute path."""
        with self._database.read() as db:
            return packing.pack(db, self.path, target)

    def info(self) -> dict[str, Any]:
        """Return path, version, rows by table, trials by state, and bytes by folder; JSON values alone."""
        with self._database.read() as db:
            return summary(db, self.path)
