"""Checkpoints: tensors by name, read from disk one at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, dtype, nn


@dataclass(frozen=True)
class TensorSpec:
    """Shape and dtype of a tensor that has not been read."""

    shape: tuple[int, ...]
    dtype: dtype

    @property
    def size(self) -> int:
        """Number of elements."""
        size = 1
        for side in self.shape:
            size *= side
        return size


@dataclass(frozen=True)
class Architecture:
    """A recognised network: the family's id and what distinguishes this member of it.

    ``config`` holds JSON values alone, and with the family rebuilds the module.
    """

    family: str
    title: str
    config: Mapping[str, Any]
    classes: int
    input_shape: tuple[int, ...]
    head: str
    stages: tuple[str, ...]


class Checkpoint(Protocol):
    """An open checkpoint.

    Attributes
    ----------
    path : Path
        The file.
    specs : mapping of str to TensorSpec
        Every tensor by its canonical name (wrappers such as ``module.`` removed), in the file's order.
    metadata : mapping of str to Any
        What else the file says: claimed accuracies, the operations that shaped it; JSON values.
    architecture : Architecture or None
        The recognised network.
    """

    path: Path
    specs: Mapping[str, TensorSpec]
    metadata: Mapping[str, Any]
    architecture: Architecture | None

    def tensor(self, name: str) -> Tensor:
        """Read one tensor."""
        ...

    def weights(self) -> tuple[str, ...]:
        """Return the names of the tensors that pruning counts: weights of linear and convolution layers."""
        ...

    def network(self) -> nn.Module:
        """Return a fresh module with these weights, in evaluation mode.

        Raises
        ------
        UserError
            If no family recognises the tensors.
        """
        ...
