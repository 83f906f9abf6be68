"""Blocks that follow each other are dropped, repeated or put in another order."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from torch import nn

from ....frozen import Frozen
from .places import Place, Words, at, impossible, members, names_in

_LONGEST = 10_000  # blocks
_MOST = 1_000_000  # modules by their names, each run of a loop with its own


class Path(Frozen):
    """The order in which blocks are run.

    Attributes
    ----------
    blocks : str
        The module that holds them in a row.
    order : tuple of int
        Their numbers, counted from 0; one that is there twice is run twice with the same weights.
    """

    words: ClassVar[Words] = ("row of blocks", "cut or looped")
    kind: Literal["path"] = "path"
    blocks: Place
    order: Annotated[tuple[int, ...], Field(max_length=_LONGEST)]

    def apply(self, network: nn.Module, parts: Mapping[str, nn.Module]) -> None:
        """Change the network; blocks are numbered anew.

        Raises
        ------
        UserError
            If the place holds no row of blocks, or not so many.
        """
        row = at(network, self.blocks)
        if not isinstance(row, nn.Sequential | nn.ModuleList):
            impossible(f"puts the blocks of '{self.blocks}' in an order, which holds none in a row")
        blocks = members(row)
        if not all(0 <= number < len(blocks) for number in self.order):
            impossible(f"names a block of '{self.blocks}' beyond its {len(blocks)}")
        self._fill(row, blocks)
        if len(self.order) > len(blocks) and names_in(network) > _MOST:
            impossible("loops within loops, without end")
        _tell_depth(network, len(blocks), len(self.order))

    def _fill(self, row: nn.Module, blocks: Mapping[str, nn.Module]) -> None:
        prefix = re.sub(r"\d+$", "", next(iter(blocks), ""))
        there = list(blocks.values())
        for name in blocks:
            delattr(row, name)
        for place, number in enumerate(self.order):
            row.add_module(f"{prefix}{place}", there[number])


def _tell_depth(network: nn.Module, before: int, after: int) -> None:
    """Tell it to a network of transformers, which runs as many blocks as its settings say."""
    config: Any = getattr(network, "config", None)
    if getattr(config, "num_hidden_layers", None) == before:
        config.num_hidden_layers = after
