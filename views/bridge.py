"""The bridge: events of any thread reach a widget on the main thread."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakMethod

from psygnal import SignalInstance
from PySide6.QtCore import QElapsedTimer, QObject, Qt, QThreadPool, QTimer, Signal

FRAME_MS = 33


class Bridge(QObject):
    """Carries one signal to one method of a QObject, on the thread that the object lives on.

    The method is held weakly, and the bridge ends with the object. Events that come while one is under way are merged:
    the method is called with the latest values.

    Parameters
    ----------
    signal : psygnal.SignalInstance
        Emitted on any thread.
    receiver : bound method of a QObject
        Called with what the signal carries.
    interval_ms : int
        At most one call in so many milliseconds; 0 for no limit. `FRAME_MS` gives 30 a second.
    every : bool
        Deliver every event, in order, in place of the latest; not together with an interval.
    """

    _arrived = Signal()

    def __init__(
        self, signal: SignalInstance, receiver: Callable[..., Any], *, interval_ms: int = 0, every: bool = False
    ) -> None:
        owner = getattr(receiver, "__self__", None)
        if not isinstance(owner, QObject):
            raise TypeError("a bridge delivers to a method of a QObject")
        super().__init__(owner)
        self._receiver = WeakMethod(receiver)
        self._every = every
        self._waiting: list[tuple[Any, ...]] = []
        self._lock = threading.Lock()
        self._interval_ms = interval_ms
        self._since = QElapsedTimer()
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._deliver)
        self._arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)
        signal.connect(self._post, check_nargs=False)

    def _post(self, *values: Any) -> None:
        with self._lock:
            first = not self._waiting
            self._waiting = [*self._waiting, values] if self._every else [values]
        if first:
            with suppress(RuntimeError):  # the receiver's C++ half may be gone already
                self._arrived.emit()

    def _on_arrived(self) -> None:
        rest = self._interval_ms - self._since.elapsed() if self._since.isValid() else 0
        if rest > 0:
            self._timer.start(rest)
        else:
            self._deliver()

    def _deliver(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        self._since.start()
        receiver = self._receiver()
        for values in waiting:
            if receiver is not None:
                receiver(*values)


class _Task(QObject):
    """A function on a pool's thread, whose outcome comes back to the main thread."""

    finished = Signal(object, object)

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work

    def run(self) -> None:
        result: Any = None
        error: Exception | None = None
        try:
            result = self._work()
        except Exception as caught:  # noqa: BLE001 - it is handed to the caller's ``failed``
            error = caught
        self.finished.emit(result, error)


_running: set[_Task] = set()


def in_background(
    work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[Exception], None] | None = None
) -> None:
    """Run ``work`` on a pool's thread; call ``done`` with its result, or ``failed``, on the main thread."""
    task = _Task(work)
    _running.add(task)

    def end(result: Any, error: Exception | None) -> None:
        _running.discard(task)
        if error is None:
            done(result)
        elif failed:
            failed(error)
        else:
            raise error

    task.finished.connect(end, Qt.ConnectionType.QueuedConnection)
    QThreadPool.globalInstance().start(task.run)
