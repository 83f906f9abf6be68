"""What travels between the window's process and a worker: plain data, both ways."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import Cancelled

ASIDE = frozenset({"card", "layers", "preparation", "preview"})
"""Tasks that take a moment and are answered beside one that takes long."""


@dataclass(frozen=True)
class Request:
    """Run the task of that name on a payload of plain data."""

    id: int
    task: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Cancel:
    """Stop that request as soon as possible."""

    id: int


@dataclass(frozen=True)
class Ready:
    """The worker has started and imported what it needs; ``device`` describes what it computes on."""

    device: str


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` units of work; ``total`` 0 means unknown."""

    id: int
    done: float
    total: float
    note: str = ""


@dataclass(frozen=True)
class Partial:
    """A result that is usable before the request is finished."""

    id: int
    value: Any


@dataclass(frozen=True)
class Done:
    """The request's result."""

    id: int
    value: Any


@dataclass(frozen=True)
class Failed:
    """Why a request gave no result; ``detail`` is the traceback, for the log."""

    id: int
    problem: str
    next_step: str
    detail: str = ""


@dataclass(frozen=True)
class Stopped:
    """The request was cancelled."""

    id: int


Message = Ready | Progress | Partial | Done | Failed | Stopped


class Ticket(Protocol):
    """What running work reports through."""

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Report progress, and stop here by raising `Cancelled` if that was asked for."""

    def partial(self, value: Any) -> None:
        """Publish a result that is usable already."""

    def check(self) -> None:
        """Raise `Cancelled` if the work was asked to stop."""


@dataclass
class Quiet:
    """A ticket for scripts and tests: keeps what it is told, and stops when ``stop`` says so."""

    stop: Callable[[], bool] = lambda: False
    seen: list[tuple[float, float, str]] = field(default_factory=list)

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Keep the report."""
        self.seen.append((done, total, note))
        self.check()

    def partial(self, value: Any) -> None:
        """Drop it."""

    def check(self) -> None:
        """Raise `Cancelled` once ``stop`` says so."""
        if self.stop():
            raise Cancelled
