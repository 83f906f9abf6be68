"""Sums over a layer's inputs, in float64: their squares, and their products with each other."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from .inputs import rows
from .watching import Batch, first_tensor


class _Sum:
    """A sum over the inputs of one layer."""

    def __init__(self, layer: str) -> None:
        self._layer = layer
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

    def _of(self, found: Tensor) -> Tensor:
        raise NotImplementedError


class Squares(_Sum):
    """The sum of squares of every input, (groups, inputs)."""

    def _of(self, found: Tensor) -> Tensor:
        return found.square().sum(1)


class Gram(_Sum):
    """XᵀX of the inputs, (groups, inputs, inputs)."""

    def _of(self, found: Tensor) -> Tensor:
        return torch.bmm(found.transpose(1, 2), found)
