"""The worker's three threads: one listens, one works, one answers beside the work what takes but a moment."""

import os
import queue
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pickle import PicklingError
from typing import Any, NoReturn

import torch

from ..errors import Cancelled, UserError
from ..experiments.device import device_name
from ..jobs.protocol import ASIDE, Cancel, Done, Failed, Message, Partial, Progress, Ready, Request, Stopped
from .answering import FAULT, answer
from .devices import choose_device
from .memory import limit_memory
from .tasks import Desk

Requests = queue.SimpleQueue[Request | None]

_REPORT_INTERVAL = 0.05
_PARTING = 1.0


def serve(connection: Connection, threads: int | None, memory: int | None = None) -> None:
    """Answer requests until the other side is gone; then the process ends, whatever it is doing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _print_aside()
    if threads:
        torch.set_num_threads(threads)
    if memory:
        limit_memory(memory)
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

    def do(request: Request) -> None:
        ticket = _LiveTicket(request.id, line, listener)
        line.give(answer(request.id, request.task, request.payload, desk, ticket))

    def answer_aside() -> None:
        while request := aside.get():
            do(request)

    threading.Thread(target=answer_aside, daemon=True).start()
    line.send(Ready(device_name(device)))
    while request := requests.get():
        if trouble is not None and request.task == "trial":
            line.send(Failed(request.id, trouble.problem, trouble.next_step, ""))
        else:
            do(request)
    _leave()


def _leave() -> NoReturn:
    """End the process at once: libraries abort it, with a message, where their threads are still at work."""
    sys.stderr.flush()
    os._exit(0)


def _print_aside() -> None:
    """Send what methods print to standard error: standard output is the program's own."""
    sys.stdout = sys.stderr
    with suppress(OSError):  # a program without a terminal has neither
        os.dup2(2, 1)


class _Line:
    """The way back, used from several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Send a message; where nobody is left to hear it, the process is over."""
        try:
            with self._lock:
                self._connection.send(message)
        except (BrokenPipeError, ConnectionResetError):
            _leave()

    def give(self, outcome: Done | Failed | Stopped) -> None:
        """Send an outcome, or the reason why that cannot be done."""
        try:
            self.send(outcome)
        except (PicklingError, AttributeError, TypeError) as error:  # what pickle raises, as the object happens to be
            self.send(Failed(outcome.id, f"Its result cannot be sent: {error}.", FAULT))


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
            _leave()  # nobody is left to work for, and the work does not end by itself


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
