"""Sums over a layer's inputs, in float64: their squares, and their products with each other."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from .inputs import rows
from .watching import Batch, first_tensor


class InputSum:
    """A sum over the inputs of one layer.

    Parameters
    ----------
    layer : str
        The layer's name.
    of : callable
        Gives what is summed up of some inputs: from (groups, positions, inputs), float64, to (groups, …).
    """

    def __init__(self, layer: str, of: Callable[[Tensor], Tensor]) -> None:
        self._layer, self._of = layer, of
        self._total: Tensor | None = None
        self.count = 0

    def hooks(self, network: nn.Module) -> Iterator[RemovableHandle]:
        """Begin to look."""
        yield network.get_submodule(self._layer).register_forward_pre_hook(self._see)

    def begin(self, batch: Batch) -> None:
        """Forget what an unsettled batch left."""
        self._real = batch.real
        self._seen: list[tuple[Tensor, int]] = []

    def settle(self) -> None:
        """Add what was seen of the batch."""
        for part, count in self._seen:
            self._total = part if self._total is None else self._total.add_(part)
            self.count += count
        self._seen = []

    def total(self) -> Tensor | None:
        """Return the sum; None where the layer was never called."""
        return self._total

    def _see(self, layer: nn.Module, args: tuple[object, ...]) -> None:
        found = rows(layer, first_tensor(args), self._real).double()
        self._seen.append((self._of(found), found.shape[1]))


def squares(layer: str) -> InputSum:
    """Return what sums up the squares of a layer's inputs, (groups, inputs)."""
    return InputSum(layer, lambda given: given.square().sum(1))


def gram(layer: str) -> InputSum:
    """Return what sums up XᵀX of a layer's inputs, (groups, inputs, inputs)."""
    return InputSum(layer, lambda given: torch.bmm(given.transpose(1, 2), given))
