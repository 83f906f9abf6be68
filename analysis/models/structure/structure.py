"""The structure of an edited network: what it was made from, and every edit in order."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field
from torch import nn

from ...frozen import Frozen
from .base import Base
from .edits import Edit

_MOST = 10_000  # edits; thousands of layers may each be one
OWN = ""
"""The part that the others are taken into."""


class Structure(Frozen):
    """A network that is no member of a family any more.

    Attributes
    ----------
    version : int
        Of this description.
    parts : dict of str to Base
        What it is made from; the network itself under the empty name, and those that something is taken from.
    edits : tuple of Edit
        In the order in which they were made.
    """

    version: Literal[1] = 1
    parts: Annotated[dict[str, Base], Field(min_length=1, max_length=100)]
    edits: Annotated[tuple[Edit, ...], Field(max_length=_MOST)] = ()

    @property
    def base(self) -> Base:
        """What the network itself was."""
        return self.parts[OWN]

    def then(self, *edits: Edit) -> Self:
        """Return the structure with further edits."""
        return self.replaced(edits=(*self.edits, *edits))


def apply(edits: Sequence[Edit], network: nn.Module, parts: Mapping[str, nn.Module] | None = None) -> nn.Module:
    """Make edits to a network, in order, and return it.

    Raises
    ------
    UserError
        If one does not fit.
    """
    for edit in edits:
        edit.apply(network, parts or {})
    return network
