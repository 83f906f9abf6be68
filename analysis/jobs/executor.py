"""Executors: where requests are run, and the jobs that stand for them."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from psygnal import Signal

from ..errors import Cancelled, UserError
from .protocol import Done, Failed, Progress, Stopped

State = Literal["queued", "running", "done", "failed", "cancelled"]

_numbers = count(1)


@dataclass(eq=False)
class Job:
    """A request on its way.

    Attributes
    ----------
    title : str
        What a person calls it.
    task, payload : str, mapping
        The request.
    state : str
        ``queued``, ``running``, ``done``, ``failed`` or ``cancelled``.
    progress : Progress or None
        The latest report.
    value : Any
        The result, once done.
    error : UserError or None
        The reason, once failed.
    """

    title: str
    task: str
    payload: Mapping[str, Any]
    id: int = field(default_factory=lambda: next(_numbers))
    state: State = "queued"
    progress: Progress | None = None
    value: Any = None
    error: UserError | None = None
    detail: str = ""
    started: float = 0.0
    cancelling: bool = False
    _finished: threading.Event = field(default_factory=threading.Event)

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the result.

        Raises
        ------
        UserError
            If the job failed.
        Cancelled
            If it was cancelled.
        TimeoutError
            If it takes longer than ``timeout`` seconds.
        """
        if not self._finished.wait(timeout):
            raise TimeoutError(self.title)
        if self.error:
            raise self.error
        if self.state == "cancelled":
            raise Cancelled
        return self.value

    @property
    def over(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self._finished.is_set()

    @property
    def seconds_left(self) -> float | None:
        """Time left in seconds, by the pace so far; None while nothing can be said."""
        report = self.progress
        if self.state != "running" or not report or not report.total or report.done <= 0:
            return None
        return (time.monotonic() - self.started) * (report.total / report.done - 1)

    def run(self) -> None:
        """Note that it has begun."""
        self.state, self.started = "running", time.monotonic()

    def end(self, outcome: Done | Failed | Stopped) -> None:
        """Note its outcome; whoever waits for the result goes on."""
        if isinstance(outcome, Done):
            self.state, self.value = "done", outcome.value
        elif isinstance(outcome, Failed):
            self.state, self.detail = "failed", outcome.detail
            self.error = UserError(outcome.problem, outcome.next_step)
        else:
            self.state = "cancelled"
        self._finished.set()


class Executor(ABC):
    """Runs requests: in one worker process, in several, or on a cluster.

    Signals are emitted on any thread: ``changed`` with a job whose state or progress is new, ``partial`` with a job and
    what it gave so far.
    """

    changed = Signal(Job)
    partial = Signal(Job, object)
    memory: int | None = None
    """Bytes that all of it may allocate together, in equal shares; None for no bound."""
    apart: bool = False
    """Whether no two workers share a machine, so that none disturbs what another times."""

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many requests run at once."""

    @property
    def devices(self) -> Mapping[str, str]:
        """What each worker computes on, in its own words, by the worker's name; without those that have not said."""
        return {}

    @abstractmethod
    def submit(self, task: str, payload: Mapping[str, Any] | None = None, title: str = "") -> Job:
        """Queue a request and return it at once."""

    @abstractmethod
    def cancel(self, job: Job) -> None:
        """Stop the job: at once if it waits, soon if it runs."""

    @abstractmethod
    def close(self) -> None:
        """End all processes of it; what is queued or runs is cancelled."""
