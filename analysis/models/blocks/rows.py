"""The blocks of a network that lie in rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from torch import nn

from ..architecture import Architecture
from ..structure.edits.places import members
from .branches import Branch, branches_in
from .trace import Trace, traced


@dataclass(frozen=True)
class Block:
    """A block that gives what it takes, in shape.

    Attributes
    ----------
    row : str
        The module that holds the row.
    number, length : int
        Its place in the row, from 0, and how many the row holds.
    name : str
        Its dotted name.
    channel : int
        The axis of the channels of what passes: 1 of maps, -1 of tokens.
    branches : dict of str to Branch
        ``attention`` and ``mlp``, where it has them.
    """

    row: str
    number: int
    length: int
    name: str
    channel: int
    branches: dict[str, Branch] = field(default_factory=dict)


def blocks_of(network: nn.Module, architecture: Architecture) -> tuple[Block, ...]:
    """Return the blocks in the network's order, found by running one example through it.

    A block is a module with layers of its own that gives a tensor of the shape that it takes, and hands it to the next
    of its kind in a row or was handed it so. A stage, which holds blocks in a row itself, is none.
    """
    trace = traced(network, architecture.example(1))
    found = [_block(row, number, name, network, trace) for row, number, name in _rows(network, trace)]
    blocks = [block for block in found if block]
    return tuple(block for block in blocks if not any(other.name.startswith(f"{block.name}.") for other in blocks))


def _rows(network: nn.Module, trace: Trace) -> Iterator[tuple[str, int, str]]:
    """Yield the members of all rows that hand on to the next of their kind: the row, the place in it, their name.

    One that is run several times is none: it cannot be told what it does each time.
    """
    for row, module in network.named_modules():
        if isinstance(module, nn.Sequential | nn.ModuleList):
            children = members(module)
            held = [id(child) for child in children.values()]
            names = [
                f"{row}.{name}" if row else name
                for name, child in children.items()
                if any(child.children()) and held.count(id(child)) == 1
            ]
            linked = {name for pair in pairwise(names) if _hands_on(network, trace, *pair) for name in pair}
            places = list(children)
            yield from ((row, places.index(name.rpartition(".")[2]), name) for name in names if name in linked)


def _hands_on(network: nn.Module, trace: Trace, first: str, second: str) -> bool:
    """Tell whether a module gives what the next takes, and both are of one kind."""
    given = trace[first].gives if first in trace else None
    passed = given is not None and second in trace and trace[second].takes is given
    return passed and type(network.get_submodule(first)) is type(network.get_submodule(second))


def _block(row: str, number: int, name: str, network: nn.Module, trace: Trace) -> Block | None:
    call = trace[name]
    if call.takes is None or call.gives is None or call.takes.shape != call.gives.shape:
        return None
    channel = 1 if call.takes.ndim == 4 and _is_map(network.get_submodule(name)) else -1
    inside = {place: called for place, called in trace.items() if place.startswith(f"{name}.")}
    length = len(members(network.get_submodule(row)))
    return Block(row, number, length, name, channel, branches_in(name, call, inside))


def _is_map(block: nn.Module) -> bool:
    """Tell whether channels come second: where convolutions read them."""
    return any(isinstance(layer, nn.Conv2d) for layer in block.modules())
