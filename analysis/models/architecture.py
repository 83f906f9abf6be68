"""What is known of a checkpoint without reading its tensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from torch import dtype


@dataclass(frozen=True)
class TensorSpec:
    """Shape and dtype of a tensor that has not been read."""

    shape: tuple[int, ...]
    dtype: dtype

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


@dataclass(frozen=True)
class Architecture:
    """A recognised network: the family's id and what distinguishes this member of it.

    Attributes
    ----------
    family : str
        The family's id: the name of its file in ``families``.
    title : str
        Name for a person: ``ResNet-56 (CIFAR)``.
    config : mapping of str to Any
        JSON values alone; with the family they rebuild the module. ``depth`` and ``widths`` are always among them.
    classes : int
        Outputs of the classifier.
    input_shape : tuple of int
        Channels, height and width of an input.
    head : str
        Dotted name of the classifier, a linear layer.
    stages : tuple of str
        Dotted names of the modules that end a stage, from input to output.
    """

    family: str
    title: str
    config: Mapping[str, Any]
    classes: int
    input_shape: tuple[int, ...]
    head: str
    stages: tuple[str, ...]
