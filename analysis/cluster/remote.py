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
from .parcels import settled, unpack

REPORT = "report"
"""Under this key an event of an errand tells how far it is: done, total and a note."""

LOG = "graftwork"
"""Under this topic a worker tells which trial it begins and which it has computed, as (identity, word)."""

BEGUN, COMPUTED = "begun", "computed"

_REPORT_S = 0.25
_ASK_S = 0.5

_turn = threading.Lock()  # one trial at a time, however many threads Dask gives this process


@dataclass(frozen=True)
class Seal:
    """Tells a workspace from every other: who holds its lock, and since when."""

    root: str
    holder: str
    since: int

    @classmethod
    def of(cls, root: Path) -> "Seal":
        """Read the seal of a workspace that is open for writing."""
        lock = root / "workspace.lock"
        return cls(str(root), lock.read_text(encoding="ascii"), lock.stat().st_mtime_ns)

    def is_here(self) -> bool:
        """Return whether this machine sees the workspace under the same path."""
        try:
            return Seal.of(Path(self.root)) == self
        except OSError:
            return False


@dataclass(frozen=True)
class Errand:
    """A trial on its way to a worker.

    Attributes
    ----------
    id : str
        Names the errand in its events: reports go to the topic of that name, and its event cancels it.
    trial : Trial
        What to run.
    seal : Seal
        Of the workspace that it belongs to.
    present : frozenset of str
        Names of files in the workspace that need not come back.
    """

    id: str
    trial: Trial
    seal: Seal
    present: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Homecoming:
    """What an errand gave: its outcome, and the files that the workspace does not have, by folder and name."""

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


def sees(seal: Seal) -> bool:
    """Return whether this worker sees the workspace."""
    return seal.is_here()


def run(errand: Errand, keys: tuple[str, ...], packed: tuple[bytes, ...]) -> Homecoming:
    """Run a trial: in the workspace itself if this machine sees it, in a depot of its own otherwise."""
    with _turn:
        _tell(errand.trial, BEGUN)
        home = _run(errand, keys, packed)
        if isinstance(home.outcome, Done):
            _tell(errand.trial, COMPUTED)
        return home


def _tell(trial: Trial, word: str) -> None:
    get_worker().log_event(LOG, (trial.identity, word))


def _run(errand: Errand, keys: tuple[str, ...], packed: tuple[bytes, ...]) -> Homecoming:
    if errand.seal.is_here():
        return Homecoming(_answer(errand, Path(errand.seal.root), errand.trial))
    depot = Path(get_worker().local_directory) / "graftwork"
    for key, parcel in zip(keys, packed, strict=True):
        unpack(parcel, depot / "inputs" / key)
    return _run_away(errand, depot)


def _run_away(errand: Errand, depot: Path) -> Homecoming:
    root = depot / "workspace"
    for folder in ("arrays", "checkpoints"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    outcome = _answer(errand, root, settled(errand.trial, depot / "inputs", root))
    if not isinstance(outcome, Done):
        return Homecoming(outcome)
    names = [(folder, name) for folder, name in _files(outcome.value) if name not in errand.present]
    return Homecoming(outcome, {(folder, name): (root / folder / name).read_bytes() for folder, name in names})


def _files(result: TrialResult) -> set[tuple[str, str]]:
    found = {("arrays", name) for name in result.columns.values()}
    return found | ({("checkpoints", result.checkpoint)} if result.checkpoint else set())


def _answer(errand: Errand, root: Path, trial: Trial) -> Done | Failed | Stopped:
    answering = importlib.import_module("graftwork.analysis.worker.answering")
    payload = {"root": str(root), "trial": trial}
    outcome: Done | Failed | Stopped = answering.answer(0, "trial", payload, _desk(), _Ticket(errand.id))
    return outcome


@lru_cache(maxsize=1)
def _desk() -> Any:
    """Return what this process keeps between trials; torch is imported here, and nowhere on the sender's side."""
    tasks = importlib.import_module("graftwork.analysis.worker.tasks")
    devices = importlib.import_module("graftwork.analysis.worker.devices")
    return tasks.Desk(devices.choose_device())
