"""A Dask cluster as an executor."""

import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from distributed import Client, Event, Future, KilledWorker, LocalCluster

from ..atomic import replacing
from ..errors import UserError
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
_LOST = {"cancelled", "lost"}


class Cluster(Executor):
    """Workers that a Dask scheduler knows.

    A worker that sees the workspace's folder works in it. To any other, what a trial needs travels once, and what the
    trial gave comes back. What is lost on the way, with a worker or with the connection, is sent again.

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
        self._closed = False
        self.devices: dict[str, str] = _ask(self.client, remote.describe)
        for device in self.devices.values():
            self.ready.emit(device)

    @property
    def slots(self) -> int:
        """How many workers there are now; at least one, for which a trial then waits."""
        return max(1, len(self.client.scheduler_info(n_workers=-1)["workers"]))

    def submit(self, task: str, payload: Mapping[str, Any] | None = None, title: str = "") -> Job:
        """Send a trial out; a cluster does nothing else."""
        if task != "trial":
            raise ValueError(f"a cluster runs trials, not '{task}'")
        job = Job(title or task, task, payload or {})
        self._send(job)
        return job

    def cancel(self, job: Job) -> None:
        """Stop the job: at once if no worker has it, within a second or so if one does."""
        with self._lock:
            sent = next((sent for sent in self._requests.values() if sent.job is job), None)
        if sent and not job.cancelling:
            job.cancelling = True
            Event(sent.id, client=self.client).set()
            sent.future.cancel()

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

    def _send(self, job: Job) -> None:
        root, trial = Path(job.payload["root"]), job.payload["trial"]
        stamp, shared = self._stamp(root)
        transfers = () if shared else tuple({p.key: p for p in transfers_of(trial, root)}.values())
        request = RemoteTrial(f"graftwork-{uuid4().hex}", trial, stamp, _present(root, trial))
        try:
            packed = tuple(self._scattered(transfer) for transfer in transfers)
        except OSError as error:
            self._end(job, Failed(job.id, f"{error.filename} cannot be read: {error.strerror}.", "Put it back."))
            return
        with self._lock:
            self.client.subscribe_topic(request.id, lambda event: self._on_report(request.id, event))
            future = self.client.submit(
                remote.run, request, tuple(p.key for p in transfers), packed, key=request.id, pure=False
            )
            self._requests[request.id] = _Sent(request.id, job, root, future)
        if job.state == "queued":
            job.run()
            self.changed.emit(job)
        future.add_done_callback(lambda future: self._on_over(request.id, future))

    def _stamp(self, root: Path) -> tuple[WorkspaceStamp, bool]:
        """Return the workspace's stamp, and whether every worker sees it."""
        stamp = WorkspaceStamp.of(root)
        known = self._stamps.get(str(root))
        if known is None or known[0] != stamp:
            known = self._stamps[str(root)] = (stamp, all(_ask(self.client, remote.sees, stamp).values()))
        return known

    def _scattered(self, transfer: Transfer) -> Future:
        """Return the transfer as the cluster has it, sent there first if it is new."""
        if transfer.key not in self._transfers:
            self._transfers[transfer.key] = self.client.scatter(transfer.pack(), hash=False)
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
            threading.Thread(target=self._send_again, args=(sent.job,), daemon=True).start()
        else:
            self._end(sent.job, _outcome(sent, future))

    def _send_again(self, job: Job) -> None:
        """Send what was lost with the connection or with a worker; its transfers may be lost too."""
        try:
            with self._lock:
                self._transfers.clear()
                self._stamps.clear()
                self._reconnect()
            self._send(job)
        except (OSError, UserError) as error:
            self._end(job, Failed(job.id, f"The cluster cannot be reached: {error}", "See to it, and run it again."))

    def _reconnect(self) -> None:
        """Wait for the client to find its way back by itself, or make a new one."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.client.status != "running" and time.monotonic() < deadline and not self._closed:
            time.sleep(_PAUSE_S)
        if self.client.status != "running":
            self.client.close(timeout=1)
            self.client = _connect(self._address)

    def _end(self, job: Job, outcome: Done | Failed | Stopped) -> None:
        job.end(outcome)
        self.changed.emit(job)


class _Sent:
    """A request that is out."""

    def __init__(self, request: str, job: Job, root: Path, future: Future) -> None:
        self.id = request
        self.job = job
        self.root = root
        self.future = future


def _outcome(sent: _Sent, future: Future) -> Done | Failed | Stopped:
    if future.status == "error":
        return _failure(sent.job, future.exception())
    home: RemoteResult = future.result()
    try:
        for (folder, name), content in home.files.items():
            with replacing(sent.root / folder / name) as draft:
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
