"""A model on its way out, and what a format must offer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import nn

from ..jobs.protocol import Ticket
from ..models import Checkpoint
from ..models.encodings.uniform import KEY as STORED
from ..models.structure.stated import KEY as STRUCTURE
from .choice import Choice
from .origin import Origin


@dataclass(frozen=True)
class Outgoing:
    """A model on its way out.

    Attributes
    ----------
    model : Checkpoint
        What leaves, its forms already dense if that is chosen.
    choice : Choice
        How it leaves.
    origin : Origin
        Where it comes from.
    ticket : Ticket
        Progress and cancellation.
    """

    model: Checkpoint
    choice: Choice
    origin: Origin
    ticket: Ticket

    @property
    def is_edited(self) -> bool:
        """Whether it is no member of a family, nor as a library or a person's code builds it."""
        architecture = self.model.architecture
        return bool(architecture and architecture.structure and architecture.structure.edits)

    def said(self) -> dict[str, Any]:
        """Return what a file of this program says of it, decoded: its structure, its operation and its lineage."""
        own = own_entry(self.model)
        kept = {key: value for key, value in own.items() if key not in (STORED, STRUCTURE)}
        return kept | self.model.inherited() | {"lineage": self.lineage()}

    def lineage(self) -> list[dict[str, Any]]:
        """Return what made it; of a file that says so itself, and was not made here, what that says."""
        told = own_entry(self.model).get("lineage")
        return told if isinstance(told, list) and not self.origin.model.parents else self.origin.lineage


class Format(Protocol):
    """A module that writes one kind of target."""

    def check(self, outgoing: Outgoing) -> None:
        """Demand, before anything is written, that the format can hold the model.

        Raises
        ------
        UserError
            That says why not, and which format can.
        """
        ...

    def write(self, outgoing: Outgoing, draft: Path) -> None:
        """Write a file or a folder."""
        ...

    def opened(self, outgoing: Outgoing, draft: Path) -> nn.Module | None:
        """Return what was written as others would open it; None where nobody can run it."""
        ...


def own_entry(model: Checkpoint) -> Mapping[str, Any]:
    """Return what this program's entry in a file says; nothing of others' files."""
    own = model.metadata.get("graftwork")
    return own if isinstance(own, Mapping) else {}
