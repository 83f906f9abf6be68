"""Which places of a network are looked at: by name, pattern, kind, or role."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from torch import nn

from ..errors import UserError, unknown
from ..models import Architecture

ROLES = ("logits", "features", "stages")
_KIND = "kind:"


@dataclass(frozen=True)
class Tap:
    """A place whose values are kept.

    Attributes
    ----------
    column : str
        The column's name: ``logits``, ``features``, ``stage1`` …, or ``at:`` and the module's dotted name.
    module : str
        Dotted name of the module; empty for the whole network.
    side : {"input", "output"}
        Which of its sides.
    """

    column: str
    module: str
    side: Literal["input", "output"] = "output"

    @property
    def pooled(self) -> bool:
        """Whether the chosen pooling applies; logits and the head's input are taken as they are."""
        return self.column not in ("logits", "features")


@dataclass(frozen=True)
class Layer:
    """A row of the layer tree: a module's dotted name, its class, and the parameters below it."""

    name: str
    kind: str
    parameters: int


def layer_tree(network: nn.Module) -> tuple[Layer, ...]:
    """Return every module below the network, parents before children."""
    return tuple(
        Layer(name, type(module).__name__, sum(p.numel() for p in module.parameters()))
        for name, module in network.named_modules()
        if name
    )


def choose_taps(network: nn.Module, architecture: Architecture, wanted: Sequence[str]) -> tuple[Tap, ...]:
    """Return the places that ``wanted`` names, each once, in the order of its entries.

    An entry is a role (``logits``; ``features``, the input of the head; ``stages``, the end of every stage), a dotted
    name, a pattern such as ``layer3.*.conv1``, or a kind of module such as ``kind:Conv2d``.

    Raises
    ------
    UserError
        If an entry names nothing in this network.
    """
    return tuple(dict.fromkeys(tap for entry in wanted for tap in _taps(network, architecture, entry)))


def _taps(network: nn.Module, architecture: Architecture, entry: str) -> Iterator[Tap]:
    if entry == "logits":
        yield Tap("logits", "")
    elif entry == "features" and architecture.head is None:
        yield Tap("features", "")
    elif entry == "features" and architecture.head is not None:
        yield Tap("features", architecture.head, "input")
    elif entry == "stages":
        yield from (Tap(f"stage{number}", stage) for number, stage in enumerate(architecture.stages, 1))
    else:
        yield from (Tap(f"at:{name}", name) for name in _named(network, entry))


def _named(network: nn.Module, entry: str) -> list[str]:
    layers = layer_tree(network)
    if entry.startswith(_KIND):
        kind = entry.removeprefix(_KIND)
        found = [layer.name for layer in layers if layer.kind == kind]
        if not found:
            raise unknown("kind of layer", kind, sorted({layer.kind for layer in layers}))
        return found
    found = [layer.name for layer in layers if fnmatchcase(layer.name, entry)]
    if found:
        return found
    if any(character in entry for character in "*?["):
        raise UserError(
            f"No layer of this network fits '{entry}'.", "Look at its layers' names with 'graftwork inspect'."
        )
    raise unknown("layer", entry, [*ROLES, *(layer.name for layer in layers)])
