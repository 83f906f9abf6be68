"""The worker's three threads: one listens, one works, one answers beside the work what takes but a moment."""

import errno
import os
import queue
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import torch

from ..errors import Cancelled, UserError
from ..experiments.device import device_name
from ..jobs.protocol import ASIDE, Cancel, Done, Failed, Message, Partial, Progress, Ready, Request, Stopped
from .devices import choose_device
from .tasks import TASKS, Desk

Requests = queue.SimpleQueue[Request | None]

_REPORT_INTERVAL = 0.05
_PARTING = 1.0


def serve(connection: Connection, threads: int | None) -> None:
    """Answer requests until the other side is gone; then the process ends, whatever it is doing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if threads:
        torch.set_num_threads(threads)
    device, trouble = torch.device("cpu"), None
    try:
        device = choose_device()
    except UserError as error:
        trouble = error
    line = _Line(connection)
    requests: Requests = queue.SimpleQueue()
    aside: Requests = queue.SimpleQueue()
    listener = _Listener(connection, requests, aside)
    threading.Thread(target=listener.run, daemon=True).start()
    desk = Desk(device)

    def answer_aside() -> None:
        while request := aside.get():
            line.send(_answer(request, desk, _LiveTicket(request.id, line, listener)))

    threading.Thread(target=answer_aside, daemon=True).start()
    line.send(Ready(device_name(device)))
    while request := requests.get():
        if trouble is not None and request.task == "trial":
            line.send(Failed(request.id, trouble.problem, trouble.next_step, ""))
        else:
            line.send(_answer(request, desk, _LiveTicket(request.id, line, listener)))


class _Line:
    """The way back, used from several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        with self._lock:
            self._connection.send(message)


class _Listener:
    """Takes requests in and notes what is cancelled."""

    def __init__(self, connection: Connection, requests: Requests, aside: Requests) -> None:
        self._connection = connection
        self._requests = requests
        self._aside = aside
        self.cancelled: set[int] = set()

    def run(self) -> None:
        try:
            while True:
                message = self._connection.recv()
                if isinstance(message, Cancel):
                    self.cancelled.add(message.id)
                else:
                    (self._aside if message.task in ASIDE else self._requests).put(message)
        except (EOFError, OSError):
            self._requests.put(None)
            time.sleep(_PARTING)
            os._exit(0)  # nobody is left to work for, and the work does not end by itself


@dataclass
class _LiveTicket:
    """Reports over the line, at most twenty times a second."""

    id: int
    line: _Line
    listener: _Listener
    _last: float = 0.0

    def progress(self, done: float, total: float, note: str = "") -> None:
        self.check()
        now = time.monotonic()
        if now - self._last >= _REPORT_INTERVAL or done >= total:
            self._last = now
            self.line.send(Progress(self.id, done, total, note))

    def partial(self, value: Any) -> None:
        self.line.send(Partial(self.id, value))

    def check(self) -> None:
        if self.id in self.listener.cancelled:
            raise Cancelled


def _answer(request: Request, desk: Desk, ticket: _LiveTicket) -> Message:
    try:
        return Done(request.id, TASKS[request.task](desk, dict(request.payload), ticket))
    except Cancelled:
        return Stopped(request.id)
    except Exception as error:  # noqa: BLE001 - whatever a method raises fails its own job alone
        problem, next_step = explain(error)
        return Failed(request.id, problem, next_step, traceback.format_exc())
    finally:
        if "torch.cuda" in sys.modules and torch.cuda.is_available():
            torch.cuda.empty_cache()


def explain(error: Exception) -> tuple[str, str]:
    """Return what went wrong as a sentence, and the next step."""
    if isinstance(error, UserError):
        return error.problem, error.next_step
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error):
        return "There is not enough memory for it.", "Take fewer samples or a smaller batch, or close other programs."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full.", "Free some space and run it again; what is whole is kept."
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'} cannot be used: {error.strerror}.", "Check that it is there and writable."
    return f"{type(error).__name__}: {error}.", "This is a fault of the method; its log has the details."
