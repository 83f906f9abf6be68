"""A network in the order in which it runs: blocks, and the layers between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from ..models import Architecture
from ..models.blocks import Call, Trace, traced
from ..models.structure.edits.places import members


@dataclass(frozen=True)
class Stage:
    """What is looked at together.

    Attributes
    ----------
    layers : tuple of str
        The layers in it.
    block : str or None
        The block that they are in; None of those that are in none.
    linked : bool
        Whether the block is given what the one before it gives, and all else as that was.
    through : str or None
        The layer that is in no block, after which a pass may end; None where it is run several times.
    """

    layers: tuple[str, ...]
    block: str | None = None
    linked: bool = False
    through: str | None = None


def stages_of(network: nn.Module, architecture: Architecture, layers: Sequence[str]) -> tuple[Stage, ...]:
    """Return the stages that all of a network's chosen layers are in, found by running one example.

    Layers that the example does not reach are in none.
    """
    trace = traced(network, architecture.example(1))
    return tuple(_stages(_chain(network, trace), trace, [layer for layer in layers if layer in trace]))


def _chain(network: nn.Module, trace: Trace) -> list[str]:
    """Return the outermost modules that lie in rows, in the order in which they end."""
    blocks: list[str] = []
    for row, module in network.named_modules():
        is_row = isinstance(module, nn.Sequential | nn.ModuleList)
        if is_row and not any(row.startswith(f"{block}.") for block in blocks):
            blocks += [name for name in _members(row, module) if name in trace]
    order = list(trace)
    return sorted(dict.fromkeys(blocks), key=order.index)


def _members(row: str, module: nn.Module) -> list[str]:
    """Return what lies in a row, but what is run several times and what has no layers of its own."""
    children = members(module)
    held = [id(child) for child in children.values()]
    chosen = [name for name, child in children.items() if any(child.children()) and held.count(id(child)) == 1]
    return [f"{row}.{name}" if row else name for name in chosen]


def _stages(chain: Sequence[str], trace: Trace, layers: Sequence[str]) -> Iterator[Stage]:
    order = {name: place for place, name in enumerate(trace)}
    inside = {block: [layer for layer in layers if layer.startswith(f"{block}.")] for block in chain}
    outside = [layer for layer in layers if not any(layer in held for held in inside.values())]
    linked = {second for first, second in pairwise(chain) if _is_linked(trace[first], trace[second])}
    before = -1
    for block in chain:
        between = [layer for layer in outside if before < order[layer] < order[block]]
        yield from _alone(between, trace)
        yield Stage(tuple(sorted(inside[block], key=order.__getitem__)), block, block in linked and not between)
        before = order[block]
    yield from _alone([layer for layer in outside if order[layer] > before], trace)


def _alone(layers: Sequence[str], trace: Trace) -> Iterator[Stage]:
    """Yield layers that are in no block, each as a stage of its own, in the order in which they are run."""
    for layer in sorted(layers, key=list(trace).index):
        yield Stage((layer,), through=layer if trace[layer].times == 1 else None)


def _is_linked(first: Call, second: Call) -> bool:
    same = len(first.others) == len(second.others) and all(map(_is_same, first.others, second.others))
    return first.gives is not None and first.gives is second.takes and same


def _is_same(one: object, other: object) -> bool:
    return one is other
