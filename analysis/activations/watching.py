"""What looks at a network while data pass through it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


@dataclass(frozen=True)
class Batch:
    """Samples that pass together.

    Attributes
    ----------
    inputs : Tensor
        On the device.
    real : Tensor of bool or None
        Which tokens of a text are no padding, (batch, tokens); None for what is no text.
    """

    inputs: Tensor
    real: Tensor | None = None


class Watcher(Protocol):
    """Sums something up over all samples.

    What it sees of a batch counts when the batch is `settled`, so that one which the memory was too small for leaves
    nothing behind.
    """

    def hooks(self, network: nn.Module) -> Iterable[RemovableHandle]:
        """Begin to look at places of the network."""
        ...

    def begin(self, batch: Batch) -> None:
        """Forget what an unsettled batch left; this one comes."""
        ...

    def settle(self) -> None:
        """Add what was seen of the batch."""
        ...


@contextmanager
def watched(network: nn.Module, watchers: Iterable[Watcher]) -> Iterator[None]:
    """Let watchers look at a network, and take their hooks away in any case."""
    handles: list[RemovableHandle] = []
    try:
        for watcher in watchers:
            handles += watcher.hooks(network)
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def settled(watchers: Iterable[Watcher], batch: Batch) -> Iterator[None]:
    """Let watchers see a batch pass, and add what they saw if it does."""
    for watcher in watchers:
        watcher.begin(batch)
    yield
    for watcher in watchers:
        watcher.settle()


def first_tensor(value: object) -> Tensor:
    """Return the tensor that a module takes or gives, of several the first.

    Raises
    ------
    TypeError
        If there is none.
    """
    if isinstance(value, Tensor):
        return value
    for item in value if isinstance(value, tuple | list) else ():
        if isinstance(item, Tensor):
            return item
    raise TypeError("the module has no tensor")
