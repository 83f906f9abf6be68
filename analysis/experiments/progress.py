"""Progress of a part, as progress of the whole."""

from dataclasses import dataclass
from typing import Any

from ..jobs.protocol import Ticket


@dataclass(frozen=True)
class Share:
    """A ticket for the part of the work that lies between ``start`` and ``stop`` of the whole, both in [0, 1]."""

    whole: Ticket
    start: float
    stop: float

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Report the part's progress as the whole's."""
        share = done / total if total else 0.0
        self.whole.progress(self.start + (self.stop - self.start) * share, 1.0, note)

    def partial(self, value: Any) -> None:
        """Pass a partial result on."""
        self.whole.partial(value)

    def check(self) -> None:
        """Raise `Cancelled` if the work was asked to stop."""
        self.whole.check()
