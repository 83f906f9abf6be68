"""A Dask cluster as an executor."""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from distributed import Client, Event, Future, KilledWorker, LocalCluster, fire_and_forget

from ..atomic import replacing
from ..errors import Cancelled, UserError
from ..jobs.executor import Executor, Job
from ..jobs.protocol import Done, Failed, Progress, Stopped
from ..trials import Trial
from . import remote
from .remote import RemoteResult, RemoteTrial, WorkspaceStamp
from .transfers import Transfer, transfers_of

LOCAL = "local"
_CONNECT_S = 20
_PATIENCE_S = 30.0
_PAUSE_S = 0.1
_COUNT_S = 1.0
_ANSWER_S = 2.0
_LOST = {"cancelled", "lost"}
SENDING_AGAIN = "graftwork sends again"
"""Name of the threads that do so."""


class _Sent:
    """A request that is out."""

    def __init__(self, request: str, job: Job, root: Path, future: Future) -> None:
        self.id = request
        self.job = job
        self.root = root
        self.future = future


class Cluster(Executor):
    """Workers that a Dask scheduler knows.

    A worker that sees the workspace's folder works in it. To any other, what a trial needs travels once, and what the
    trial gave comes back. What is lost on the way, with a worker or with the connection, is sent again; a trial that a
    worker is still computing when the connection is back is not computed twice.

    Parameters
    ----------
    address : str
        The scheduler's, such as ``tcp://10.0.0.1:8786``; or ``local`` or ``local:4`` for workers on this machine.

    Raises
    ------
    UserError
        If nobody answers there, or the workers have another version of this program.
    """

    def __init__(self, address: str) -> None:
        self._local = _local_cluster(address)
        self._address = self._local.scheduler_address if self._local else address
        self.client = _connect(self._address)
        self._requests: dict[str, _Sent] = {}
        self._transfers: dict[str, Future] = {}
        self._stamps: dict[str, tuple[WorkspaceStamp, bool]] = {}
        self._lock = threading.RLock()
        self._connecting = threading.Lock()
        self._closed = False
        self._slots, self._counted = 1, -_COUNT_S
        self._devices: dict[str, str] = _ask(self.client, remote.describe)
        self.apart = len({urlsplit(worker).hostname for worker in self._devices}) == len(self._devices)

    @property
    def slots(self) -> int:
        """How many workers there were when that could last be asked; at least one, for which a trial then waits."""
        if time.monotonic() - self._counted >= _COUNT_S:
            self._counted = time.monotonic()
            with suppress(Exception):  # the connection is lost; sending over it sees to that
                identity = self.client.sync(self.client.scheduler.identity, callback_timeout=_ANSWER_S)
                self._slots = max(1, len(identity["workers"]))
        return self._slots

    @property
    def devices(self) -> Mapping[str, str]:
        """What each worker computes on, by its address, as they said when they were connected to."""
        return self._devices

    def submit(self, task: str, payload: Mapping[str, Any] | None = None, title: str = "") -> Job:
        """Send a trial out; a cluster does nothing else."""
        if task != "trial":
            raise ValueError(f"a cluster runs trials, not '{task}'")
        job = Job(title or task, task, payload or {})
        self._send(job, _new_name())
        return job

    def cancel(self, job: Job) -> None:
        """Stop the job: at once if no worker has it, within a second or so if one does."""
        with self._lock:
            sent = next((sent for sent in self._requests.values() if sent.job is job), None)
            asked, job.cancelling = job.cancelling, True
        if sent and not asked:
            with suppress(Exception):  # the connection is lost, and the request with it
                Event(sent.id, client=self.client).set()
                sent.future.cancel(force=True)  # it was to go on without us

    def close(self) -> None:
        """Leave the cluster; end it if it was ours."""
        self._closed = True
        with self._lock:
            jobs = [sent.job for sent in self._requests.values()]
        for job in jobs:
            self.cancel(job)
        self.client.close(timeout=_CONNECT_S)
        if self._local:
            self._local.close(timeout=_CONNECT_S)

    # Out

    def _send(self, job: Job, name: str) -> None:
        """Send a job out; where the connection is lost over that, go on aside."""
        try:
            self._send_out(job, name)
        except Cancelled:
            self._end(job, Stopped(job.id))
        except Exception as error:
            if isinstance(error, OSError) or self.client.status != "running":
                self._send_later(job, name)
            elif isinstance(error, UserError):
                self._end(job, Failed(job.id, error.problem, error.next_step))
            else:
                raise

    def _send_out(self, job: Job, name: str) -> None:
        self._check(job)
        root, trial = Path(job.payload["root"]), job.payload["trial"]
        stamp, shared = self._stamp(root)
        transfers = {} if shared else {transfer.key: transfer for transfer in transfers_of(trial, root)}
        packed = tuple(self._scattered(transfer) for transfer in transfers.values())
        request = RemoteTrial(name, trial, stamp, _present(root, trial))
        with self._lock:
            self._check(job)
            self.client.subscribe_topic(request.id, lambda event: self._on_report(request.id, event))
            future = self.client.submit(remote.run, request, tuple(transfers), packed, key=request.id, pure=False)
            fire_and_forget(future)  # or the scheduler would drop it with the connection
            self._requests[request.id] = _Sent(request.id, job, root, future)
        if job.state == "queued":
            job.run()
            self.changed.emit(job)
        future.add_done_callback(lambda future: self._on_over(request.id, future))

    def _check(self, job: Job) -> None:
        if job.cancelling or self._closed:
            raise Cancelled

    def _stamp(self, root: Path) -> tuple[WorkspaceStamp, bool]:
        """Return the workspace's stamp, and whether every worker sees it."""
        with _reading():
            stamp = WorkspaceStamp.of(root)
        known = self._stamps.get(str(root))
        if known is None or known[0] != stamp:
            known = self._stamps[str(root)] = (stamp, all(_ask(self.client, remote.sees, stamp).values()))
        return known

    def _scattered(self, transfer: Transfer) -> Future:
        """Return the transfer as the cluster has it, sent there first if it is new."""
        if transfer.key not in self._transfers:
            with _reading():
                packed = transfer.pack()
            name = f"graftwork-{transfer.key}"  # the same when it is sent again for a trial that was kept
            self._transfers[transfer.key] = self.client.scatter({name: packed}, hash=False)[name]
        return self._transfers[transfer.key]

    # Back; on the client's own threads

    def _on_report(self, request: str, event: tuple[float, Any]) -> None:
        sent = self._requests.get(request)
        if sent and remote.REPORT in event[1]:
            sent.job.progress = Progress(sent.job.id, *event[1][remote.REPORT])
            self.changed.emit(sent.job)

    def _on_over(self, request: str, future: Future) -> None:
        with self._lock:
            sent = self._requests.pop(request, None)
        if sent is None:
            return
        with suppress(KeyError, ValueError):
            self.client.unsubscribe_topic(request)
        if sent.job.cancelling or self._closed:
            self._end(sent.job, Stopped(sent.job.id))
        elif future.status in _LOST:
            self._send_later(sent.job, sent.id)
        else:
            self._take_home(sent, future)

    def _take_home(self, sent: _Sent, future: Future) -> None:
        """End a job with what came of it, or send it again where the connection goes while that comes."""
        try:
            outcome = _outcome(sent, future)
        except (CancelledError, OSError):
            self._send_later(sent.job, sent.id)
        else:
            self._end(sent.job, outcome)

    def _send_later(self, job: Job, name: str) -> None:
        threading.Thread(target=self._send_again, args=(job, name), name=SENDING_AGAIN, daemon=True).start()

    def _send_again(self, job: Job, name: str) -> None:
        """Send what was lost with the connection or with a worker; its transfers may be lost too.

        Under the same name the scheduler finds what a worker still computes. A name that the client knows yet is that
        of a request which the scheduler gave up.
        """
        try:
            with self._connecting:
                self._reconnect()
                self._transfers.clear()
                self._stamps.clear()
        except UserError as error:
            self._end(job, Failed(job.id, error.problem, error.next_step))
        else:
            self._send(job, _new_name() if name in self.client.futures else name)

    def _reconnect(self) -> None:
        """Wait for the client to find its way back by itself, or make a new one."""
        deadline = time.monotonic() + _PATIENCE_S
        time.sleep(_PAUSE_S)
        while self.client.status not in {"running", "closed"} and time.monotonic() < deadline and not self._closed:
            time.sleep(_PAUSE_S)
        if self.client.status != "running" and not self._closed:
            self.client.close(timeout=1)
            self.client = _connect(self._address)

    def _end(self, job: Job, outcome: Done | Failed | Stopped) -> None:
        job.end(outcome)
        self.changed.emit(job)


def _new_name() -> str:
    return f"graftwork-{uuid4().hex}"


@contextmanager
def _reading() -> Iterator[None]:
    """Tell a file that cannot be read from a connection that is lost: both are an `OSError`."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{error.filename} cannot be read: {error.strerror}.", "Put it back.") from error


def _outcome(sent: _Sent, future: Future) -> Done | Failed | Stopped:
    if future.status == "error":
        return _failure(sent.job, future.exception())
    home: RemoteResult = future.result()
    try:
        for (folder, name), content in home.files.items():
            target = sent.root / folder / name
            target.parent.mkdir(exist_ok=True)  # a training keeps checkpoints in a folder of its own
            with replacing(target) as draft:
                draft.write_bytes(content)
    except OSError as error:
        return Failed(sent.job.id, f"What came back cannot be written: {error.strerror}.", "Make room, and run again.")
    return home.outcome


def _failure(job: Job, error: BaseException | None) -> Failed:
    if isinstance(error, KilledWorker):
        return Failed(
            job.id,
            f"{job.title}: every worker that took it ended, most often because memory ran out.",
            "Give the workers more memory, or the trial less at once.",
        )
    return Failed(job.id, f"{type(error).__name__}: {error}.", "The cluster's log has the details.")


def _present(root: Path, trial: Trial) -> frozenset[str]:
    """Return the names of files that a trial would bring and the workspace has."""
    name = trial.data.file if trial.data else None
    return frozenset({name}) if name and (root / "arrays" / name).exists() else frozenset()


def _local_cluster(address: str) -> LocalCluster | None:
    name, _, count = address.partition(":")
    if name != LOCAL:
        return None
    cores = os.cpu_count() or 1
    workers = int(count) if count.isdigit() and int(count) > 0 else max(1, cores // 2)
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",  # two clusters on one machine both find a port
        env={"OMP_NUM_THREADS": str(max(1, cores // workers))},
    )


def _connect(address: str) -> Client:
    try:
        return Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UserError(
            f"No Dask scheduler answers at {address}.", "Start one with 'dask scheduler', or mend the address."
        ) from error


def _ask(client: Client, question: Any, *arguments: Any) -> dict[str, Any]:
    """Return every worker's answer."""
    try:
        answers: dict[str, Any] = client.run(question, *arguments)
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"A worker of the cluster cannot run this program: {error}.", "Install the same Graftwork on every worker."
        ) from error
    return answers
