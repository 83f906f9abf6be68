"""A worker process seen from outside: requests go in, messages come out, and a death is one failed job.

All callbacks run on the handle's own thread.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from .entry import enter
from .executor import Executor, Job
from .protocol import ASIDE, Cancel, Done, Failed, Message, Partial, Progress, Ready, Request, Stopped

Entry = Callable[[Connection, int | None, int | None], None]

_STILLBORN_LIMIT = 3
_PARTING = 2.0


class Worker(Executor):
    """One persistent worker process, started with spawn and restarted when it dies.

    Parameters
    ----------
    name : str
        For the process list and messages.
    threads : int or None
        Compute threads; None for all cores.
    memory : int or None
        Bytes that it may allocate, where the system enforces such a limit; what asks for more fails alone.
    grace : float
        Seconds between a request to cancel and the hard stop.
    entry : callable
        Where the process begins; takes its end of the connection, ``threads`` and ``memory``.
    """

    slots = 1

    def __init__(
        self,
        name: str = "worker",
        threads: int | None = None,
        memory: int | None = None,
        grace: float = 0.7,
        entry: Entry = enter,
    ) -> None:
        self.name = name
        self.threads = threads
        self.memory = memory
        self.grace = grace
        self._entry = entry
        self.device = ""
        self._queue: deque[Job] = deque()
        self._current: Job | None = None
        self._aside: dict[int, Job] = {}
        self._deadline = 0.0
        self._lock = threading.RLock()
        self._context = multiprocessing.get_context("spawn")
        self._wake, self._woken = self._context.Pipe()
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._stillborn = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=f"graftwork {name}", daemon=True)
        self._thread.start()

    # What a caller uses

    def submit(self, task: str, payload: Mapping[str, Any] | None = None, title: str = "") -> Job:
        """Queue a request and return it at once."""
        job = Job(title or task, task, payload or {})
        with self._lock:
            self._queue.append(job)
        self._nudge()
        return job

    def cancel(self, job: Job) -> None:
        """Stop the job: at once if it waits, within the grace period if it runs."""
        with self._lock:
            if job in self._queue:
                self._queue.remove(job)
                self._end(job, Stopped(job.id))
            elif job.id in self._aside:
                self._send(Cancel(job.id))
            elif job is self._current and not job.cancelling:
                job.cancelling = True
                self._deadline = time.monotonic() + self.grace
                if self._connection:
                    self._send(Cancel(job.id))
                self._nudge()

    def close(self) -> None:
        """End the process and the handle; queued jobs are cancelled."""
        self._closing = True
        self._nudge()
        self._thread.join(timeout=5)

    @property
    def devices(self) -> Mapping[str, str]:
        """What it computes on, by its name; empty before it has begun."""
        return {self.name: self.device} if self.device else {}

    @property
    def load(self) -> int:
        """How many jobs it has, running or waiting."""
        with self._lock:
            return len(self._queue) + (self._current is not None)

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self._process.pid if self._process else None

    # The handle's thread

    def _run(self) -> None:
        while not self._closing:
            if self._process is None:
                self._start()
            self._dispatch()
            self._listen()
        self._shut_down()

    def _start(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=self._entry, args=(theirs, self.threads, self.memory), name=f"graftwork {self.name}", daemon=True
        )
        process.start()
        theirs.close()
        self._process, self._connection = process, ours
        self.device = ""

    def _dispatch(self) -> None:
        with self._lock:
            if not self.device:
                return
            for job in [job for job in self._queue if job.task in ASIDE]:
                self._queue.remove(job)
                self._aside[job.id] = job
                self._begin(job)
            if self._current is None and self._queue:
                self._current = self._queue.popleft()
                self._begin(self._current)

    def _begin(self, job: Job) -> None:
        job.run()
        self._send(Request(job.id, job.task, job.payload))
        self.changed.emit(job)

    def _listen(self) -> None:
        process, connection = self._process, self._connection
        assert process is not None
        assert connection is not None
        ready = wait([connection, process.sentinel, self._woken], self._patience())
        if self._woken in ready:
            self._woken.recv_bytes()
        if connection in ready or process.sentinel in ready:
            alive = self._drain(connection)
            if not alive or process.sentinel in ready:
                self._bury(process)
                return
        if self._overdue():
            process.kill()

    def _patience(self) -> float | None:
        return max(0.0, self._deadline - time.monotonic()) if self._current and self._current.cancelling else None

    def _overdue(self) -> bool:
        job = self._current
        return bool(job and job.cancelling and time.monotonic() >= self._deadline)

    def _drain(self, connection: Connection) -> bool:
        try:
            while connection.poll():
                self._receive(connection.recv())
        except (EOFError, OSError):
            return False
        return True

    def _receive(self, message: Message) -> None:
        if isinstance(message, Ready):
            self._stillborn = 0
            self.device = message.device
            return
        job = self._aside.get(message.id, self._current)
        if job is None or message.id != job.id:
            return
        if isinstance(message, Progress):
            job.progress = message
            self.changed.emit(job)
        elif isinstance(message, Partial):
            self.partial.emit(job, message.value)
        else:
            if job is self._current:
                self._current = None
            self._aside.pop(job.id, None)
            self._end(job, message)

    def _bury(self, process: BaseProcess) -> None:
        process.join()
        self._stillborn += not self.device
        with self._lock:
            jobs = self._under_way()
            if self._connection:
                self._connection.close()
            self._process = self._connection = None
        reason = _death(process.exitcode)
        for job in jobs:
            problem = f"{job.title}: the worker process {reason}."
            self._end(job, Stopped(job.id) if job.cancelling else Failed(job.id, problem, _NEXT_STEP))
        if self._stillborn >= _STILLBORN_LIMIT:
            self._give_up(reason)

    def _give_up(self, reason: str) -> None:
        problem = f"The worker process cannot start: it {reason}."
        with self._lock:
            jobs, self._queue = list(self._queue), deque()
            self._closing = True
        for job in jobs:
            self._end(job, Failed(job.id, problem, "Run 'graftwork methods' to see why."))

    def _under_way(self) -> list[Job]:
        """Return what the process has been asked, and hold it no longer."""
        jobs = [*([self._current] if self._current else []), *self._aside.values()]
        self._current, self._aside = None, {}
        return jobs

    def _end(self, job: Job, outcome: Done | Failed | Stopped) -> None:
        job.end(outcome)
        self.changed.emit(job)

    def _shut_down(self) -> None:
        with self._lock:
            jobs = [*self._under_way(), *self._queue]
            self._queue.clear()
        for job in jobs:
            self._end(job, Stopped(job.id))
        if self._connection:
            self._connection.close()
        if self._process:
            self._process.join(_PARTING)
            self._process.kill()
            self._process.join()
        for end in (self._wake, self._woken):
            end.close()

    def _send(self, message: Request | Cancel) -> None:
        assert self._connection is not None
        with suppress(OSError):  # it just died; the sentinel says so next
            self._connection.send(message)

    def _nudge(self) -> None:
        with suppress(OSError):  # closed already
            self._wake.send_bytes(b"!")


_NEXT_STEP = "Run it again; if it happens again, give it less at once: a smaller batch, fewer samples, more memory."


def _death(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"ended by itself with code {exitcode}"
    name = signal.Signals(-exitcode).name
    if hasattr(signal, "SIGKILL") and -exitcode == signal.SIGKILL:
        return f"was killed ({name}), most often by the system when memory runs out"
    return f"crashed ({name})"


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
