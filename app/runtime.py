"""Putting the parts together: a workspace, its workers, its engine, its session."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from pydantic import ValidationError

from ..analysis import jobs
from ..analysis.catalogue import Catalogue
from ..analysis.errors import UserError
from ..analysis.identity import digest
from ..analysis.jobs.engine import Engine
from ..analysis.jobs.executor import Executor
from ..analysis.jobs.pool import Pool
from ..analysis.jobs.worker import Worker, cores
from ..analysis.session import Session
from ..analysis.workspace import Workspace


@dataclass(frozen=True)
class Runtime:
    """Everything that is open for one workspace, closed together."""

    session: Session
    workers: tuple[Executor, ...]

    def close(self) -> None:
        """Stop the work (what runs returns to the queue) and let the workspace go."""
        session = self.session
        if session.engine:
            session.engine.close()
        for worker in self.workers:
            worker.close()
        session.close()
        session.workspace.close()


@dataclass(frozen=True)
class Workforce:
    """Where trials run: in ``workers`` processes here with ``memory`` bytes together, or on the ``cluster``."""

    workers: int = 1
    memory: int | None = None
    cluster: str | None = None

    def gather(self) -> Executor:
        """Start them.

        Raises
        ------
        UserError
            If the cluster cannot be reached, or what speaks to it is not installed.
        """
        if self.cluster:
            return _cluster(self.cluster)
        if self.workers > 1:
            return Pool(self.workers, self.memory)
        return Worker("trials", memory=self.memory)


def _cluster(address: str) -> Executor:
    try:
        from ..analysis.cluster.executor import Cluster
    except ImportError as error:
        raise UserError(
            f"Clusters need the package '{error.name}'.", "Install it with: pip install 'graftwork[cluster]'."
        ) from error
    return Cluster(address)


def open_runtime(workspace: Workspace, *, desk: bool, workforce: Workforce | None = None) -> Runtime:
    """Start what a workspace needs.

    Parameters
    ----------
    workspace : Workspace
        Open; read-only gives a session that runs nothing.
    desk : bool
        Whether a second worker answers what a person waits for, so that a running trial delays none of it; beside a
        cluster there is always one, since recipes are checked where their files are.
    workforce : Workforce or None
        Where trials run; None for one worker process.
    """
    if workspace.read_only:
        return Runtime(Session(workspace), ())
    workforce = workforce or Workforce()
    trials = workforce.gather()
    answers = Worker("desk", threads=max(1, cores() // 2)) if desk or workforce.cluster else trials
    session = Session(workspace, Engine(workspace, trials, answers), answers)
    return Runtime(session, tuple(dict.fromkeys((trials, answers))))


def use_device(device: str | None) -> None:
    """Let workers that start from now on compute on a device; None or nothing leaves the choice to them."""
    if device:
        os.environ[jobs.DEVICE] = device
    else:
        os.environ.pop(jobs.DEVICE, None)


@contextmanager
def working(
    path: Path, *, create: bool = False, read_only: bool = False, workforce: Workforce | None = None
) -> Iterator[Session]:
    """Open a workspace for the length of a command."""
    space = Workspace.open_or_create(path) if create else Workspace.open(path, read_only=read_only)
    runtime = open_runtime(space, desk=False, workforce=workforce)
    try:
        yield runtime.session
    finally:
        runtime.close()


@contextmanager
def one_worker() -> Iterator[Worker]:
    """Start a worker for the length of a command."""
    worker = Worker()
    try:
        yield worker
    finally:
        worker.close()


def catalogue_of(opened: Runtime) -> Catalogue:
    """Return what the program can do: remembered, or else asked of a worker; empty where there is none to ask."""
    known = cached_catalogue()
    if known is None and opened.session.desk is not None:
        known = opened.session.desk.submit("catalogue", title="Listing the methods").result()
        keep_catalogue(known)
    return known or Catalogue(entries=())


def cached_catalogue() -> Catalogue | None:
    """Return what a worker last said it can do, if the program has not changed since."""
    try:
        return Catalogue.model_validate_json(_catalogue_file().read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def keep_catalogue(catalogue: Catalogue) -> None:
    """Remember what a worker can do."""
    file = _catalogue_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(catalogue.model_dump_json(), encoding="utf-8")
    draft.replace(file)


def _catalogue_file() -> Path:
    analysis = Path(jobs.__file__).parents[1]
    state = [(str(p), p.stat().st_mtime_ns) for p in sorted(analysis.rglob("*.py"))]
    name = digest(json.dumps(state))
    return Path(platformdirs.user_cache_dir("graftwork")) / f"catalogue-{name}.json"
