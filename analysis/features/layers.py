"""Which places of a network are looked at: by name, pattern, kind, or role."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..layers import Layer, matching
from ..models import Architecture


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


def layer_tree(network: nn.Module, shapes: Mapping[str, tuple[int, ...]] | None = None) -> tuple[Layer, ...]:
    """Return every module below the network, parents before children, with the shapes that are known."""
    known = shapes or {}
    return tuple(
        Layer(name, type(module).__name__, sum(p.numel() for p in module.parameters()), known.get(name))
        for name, module in network.named_modules()
        if name
    )


def layer_shapes(network: nn.Module, architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Return the shape that each module gives for one sample, by dotted name, from one forward pass.

    The network may be on the meta device, where that needs no memory. Modules that are not called, or give no tensor,
    are left out; so are those behind the place where a network refuses what it is taken to want.
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Callable[..., None]:
        def keep(_: nn.Module, __: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                shapes[name] = tuple(output.shape[1:])

        return keep

    handles = [module.register_forward_hook(note(name)) for name, module in network.named_modules() if name]
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    with suppress(Exception), torch.no_grad():  # a person's own network may want other inputs
        network.eval()(architecture.example(1).to(device))
    for handle in handles:
        handle.remove()
    return shapes


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
        yield from (Tap(f"at:{name}", name) for name in matching(layer_tree(network), entry))
