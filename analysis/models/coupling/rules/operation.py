"""One operation of a forward pass, as rules see it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_leaves

from ..colours import Colours, lock
from ..labels import Labels


@dataclass(frozen=True)
class Operation:
    """An operation, what it was given and what it gave.

    Attributes
    ----------
    func : OpOverload
        Of aten.
    args, kwargs
        What it was given.
    outputs : list
        What it gave, one thing or several.
    labels : Labels
        What is joined and locked is told to them.
    of : callable
        Gives the colours of a tensor; none of anything else.
    """

    func: Any
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    outputs: list[Any]
    labels: Labels
    of: Callable[[object], Colours]

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors that it was given."""
        return [leaf for leaf in tree_leaves((self.args, self.kwargs)) if isinstance(leaf, Tensor)]

    def argument(self, place: int, name: str, usual: Any = None) -> Any:
        """Return an argument by its place or its name."""
        return self.args[place] if place < len(self.args) else self.kwargs.get(name, usual)


Rule = Callable[[Operation], list[Colours]]
"""Returns the colours of each output."""


def unknown(operation: Operation) -> list[Colours]:
    """Let all channels stay that an operation sees of which nothing is known."""
    for tensor in operation.tensors:
        lock(operation.labels, operation.of(tensor))
    return []
