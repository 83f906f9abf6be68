"""Weights that pruning counts: which axes of a tensor are a layer's outputs and inputs, whatever the layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from torch import Tensor


@dataclass(frozen=True)
class Weight:
    """A weight of a linear, convolution or recurrent layer.

    Attributes
    ----------
    name : str
        Its canonical name in the checkpoint.
    shape : tuple of int
        Two sides or more.
    outputs : int or None
        The axis of the outputs, 0 or 1; 1 of layers that keep their matrix transposed, such as GPT-2's and transposed
        convolutions. None where nothing tells.
    groups : int
        Of a convolution: how many groups of outputs see inputs of their own.
    gates : int
        How many rows belong to each output: 4 of an LSTM, 3 of a GRU, else 1. They lie gate by gate.
    tied : tuple of str
        Further names of the same tensor.
    """

    name: str
    shape: tuple[int, ...]
    outputs: int | None = 0
    groups: int = 1
    gates: int = 1
    tied: tuple[str, ...] = ()

    @property
    def inputs(self) -> int | None:
        """The axis of the inputs, of one group."""
        return None if self.outputs is None else 1 - self.outputs

    @property
    def kernel(self) -> tuple[int, ...]:
        """The axes that are neither outputs nor inputs."""
        return tuple(range(2, len(self.shape)))

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def channels(self) -> int:
        """Number of outputs."""
        return self.rows // self.gates

    @property
    def rows(self) -> int:
        """Number of rows of the matrix; of transposed convolutions, each group has outputs of its own.

        Raises
        ------
        ValueError
            If the axis of the outputs is not known.
        """
        if self.outputs is None:
            raise ValueError(f"the outputs of '{self.name}' are not known")
        return self.shape[self.outputs] * (self.groups if self.outputs else 1)

    def matrix(self, tensor: Tensor) -> Tensor:
        """Return the tensor as (rows, inputs of a group · kernel), which maps what an output sees to it."""
        return self._rows_first(tensor).reshape(self.rows, -1)

    def restore(self, matrix: Tensor) -> Tensor:
        """Return the tensor of a `matrix`."""
        if not self.outputs:
            return matrix.reshape(self.shape)
        inputs, outputs, *kernel = self.shape
        grouped = matrix.reshape(self.groups, outputs, inputs // self.groups, *kernel)
        return grouped.transpose(1, 2).reshape(self.shape)

    def by_channel(self, tensor: Tensor) -> Tensor:
        """Return (channels, weights of each): the rows of the matrix, all gates of an output in one."""
        by_gate: Tensor = self.matrix(tensor).unflatten(0, (self.gates, self.channels))
        return by_gate.transpose(0, 1).flatten(1)

    def over_channels(self, values: Tensor) -> Tensor:
        """Return a value for each channel, (channels,), as one for each weight, of the tensor's shape."""
        rows = values.repeat(self.gates)
        return self.restore(rows[:, None].expand(self.rows, self.size // self.rows))

    def _rows_first(self, tensor: Tensor) -> Tensor:
        if not self.outputs:
            return tensor
        by_group: Tensor = tensor.unflatten(0, (self.groups, -1))
        return by_group.transpose(1, 2)


def names_of(weights: Sequence[Weight]) -> tuple[str, ...]:
    """Return the names of weights."""
    return tuple(weight.name for weight in weights)
