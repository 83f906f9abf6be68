"""What runs on a worker of the cluster."""

import importlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from distributed import Event, get_worker

from ..errors import Cancelled
from ..jobs.protocol import Done, Failed, Stopped
from ..trials import Trial, TrialResult
from ..workspace.files import ARRAYS, CHECKPOINTS
from .transfers import settled, unpack

REPORT = "report"
"""Under this key an event of a request tells how far it is: done, total and a note."""

LOG = "graftwork"
"""Under this topic a worker tells which trial it begins and which it has computed, as (identity, word)."""

BEGUN, COMPUTED = "begun", "computed"

_REPORT_S = 0.25
_ASK_S = 0.5

_turn = threading.Lock()  # one trial at a time, however many threads Dask gives this process


@dataclass(frozen=True)
class WorkspaceStamp:
    """Tells a workspace from every other: who holds its lock, and since when."""

    root: str
    holder: str
    since: int

    @classmethod
    def of(cls, root: Path) -> "WorkspaceStamp":
        """Read the stamp of a workspace that is open for writing."""
        lock = root / "workspace.lock"
        return cls(str(root), lock.read_text(encoding="ascii"), lock.stat().st_mtime_ns)

    def is_here(self) -> bool:
        """Return whether this machine sees the workspace under the same path."""
        try:
            return WorkspaceStamp.of(Path(self.root)) == self
        except OSError:
            return False


@dataclass(frozen=True)
class RemoteTrial:
    """A trial on its way to a worker.

    Attributes
    ----------
    id : str
        Names the request in its events: reports go to the topic of that name, and its event cancels it.
    trial : Trial
        What to run.
    stamp : WorkspaceStamp
        Of the workspace that it belongs to.
    present : frozenset of str
        Names of files in the workspace that need not come back.
    """

    id: str
    trial: Trial
    stamp: WorkspaceStamp
    present: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RemoteResult:
    """What a request gave: its outcome, and the files that the workspace does not have, by folder and name."""

    outcome: Done | Failed | Stopped
    files: Mapping[tuple[str, str], bytes] = field(default_factory=dict)


@dataclass
class _Ticket:
    """Reports over the worker's events, at most four times a second."""

    id: str
    _reported: float = 0.0
    _asked: float = field(default_factory=time.monotonic)

    def progress(self, done: float, total: float, note: str = "") -> None:
        self.check()
        if time.monotonic() - self._reported >= _REPORT_S:
            self._reported = time.monotonic()
            get_worker().log_event(self.id, {REPORT: (done, total, note)})

    def partial(self, value: Any) -> None:
        """Nothing is partial about a trial."""

    def check(self) -> None:
        if time.monotonic() - self._asked >= _ASK_S:
            self._asked = time.monotonic()
            if Event(self.id).is_set():
                raise Cancelled


def describe() -> str:
    """Return what this worker computes on."""
    name: str = importlib.import_module("graftwork.analysis.experiments.device").device_name(_desk().device)
    return name


def sees(stamp: WorkspaceStamp) -> bool:
    """Return whether this worker sees the workspace."""
    return stamp.is_here()


def run(request: RemoteTrial, keys: tuple[str, ...], packed: tuple[bytes, ...]) -> RemoteResult:
    """Run a trial: in the workspace itself if this machine sees it, in a depot of its own otherwise."""
    with _turn:
        _tell(request.trial, BEGUN)
        home = _run(request, keys, packed)
        if isinstance(home.outcome, Done):
            _tell(request.trial, COMPUTED)
        return home


def _tell(trial: Trial, word: str) -> None:
    get_worker().log_event(LOG, (trial.identity, word))


def _run(request: RemoteTrial, keys: tuple[str, ...], packed: tuple[bytes, ...]) -> RemoteResult:
    if request.stamp.is_here():
        return RemoteResult(_answer(request, Path(request.stamp.root), request.trial))
    depot = Path(get_worker().local_directory) / "graftwork"
    for key, transfer in zip(keys, packed, strict=True):
        unpack(transfer, depot / "inputs" / key)
    return _run_away(request, depot)


def _run_away(request: RemoteTrial, depot: Path) -> RemoteResult:
    root = depot / "workspace"
    for folder in (ARRAYS, CHECKPOINTS):
        (root / folder).mkdir(parents=True, exist_ok=True)
    outcome = _answer(request, root, settled(request.trial, depot / "inputs", root))
    if not isinstance(outcome, Done):
        return RemoteResult(outcome)
    names = [(folder, name) for folder, name in _files(outcome.value) if name not in request.present]
    return RemoteResult(outcome, {(folder, name): (root / folder / name).read_bytes() for folder, name in names})


def _files(result: TrialResult) -> set[tuple[str, str]]:
    found = {(ARRAYS, name) for name in result.columns.values()}
    found |= {(CHECKPOINTS, entry["file"]) for entry in result.facts.get("training", {}).get("kept", ())}
    return found | ({(CHECKPOINTS, result.checkpoint)} if result.checkpoint else set())


def _answer(request: RemoteTrial, root: Path, trial: Trial) -> Done | Failed | Stopped:
    answering = importlib.import_module("graftwork.analysis.worker.answering")
    payload = {"root": str(root), "trial": trial}
    outcome: Done | Failed | Stopped = answering.answer(0, "trial", payload, _desk(), _Ticket(request.id))
    return outcome


@lru_cache(maxsize=1)
def _desk() -> Any:
    """Return what this process keeps between trials; torch is imported here, and nowhere on the sender's side."""
    tasks = importlib.import_module("graftwork.analysis.worker.tasks")
    devices = importlib.import_module("graftwork.analysis.worker.devices")
    return tasks.Desk(devices.choose_device())
