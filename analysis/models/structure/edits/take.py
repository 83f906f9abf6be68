"""A module comes from another network."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from torch import nn

from ....frozen import Frozen
from .places import Place, Words, at, impossible, put


class Take(Frozen):
    """A module of another part in place of one's own.

    Attributes
    ----------
    place : str
        What gives way.
    part : str
        Which of the structure's parts it comes from.
    layer : str
        What it is called there.
    """

    words: ClassVar[Words] = ("part", "of another network")
    kind: Literal["take"] = "take"
    place: Place
    part: Place
    layer: Place

    def apply(self, network: nn.Module, parts: Mapping[str, nn.Module]) -> None:
        """Change the network.

        Raises
        ------
        UserError
            If there is no such part or place.
        """
        if self.part not in parts:
            impossible(f"takes from a part '{self.part}', which it has not")
        put(network, self.place, at(parts[self.part], self.layer))
