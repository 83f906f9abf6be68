"""What is known of a checkpoint without reading its tensors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, dtype

from .structure import Structure

_OPEN = ("head_dim", "padding", "adds", "activation")
InputKind = Literal["images", "tokens", "numbers"]


@dataclass(frozen=True)
class TensorSpec:
    """Shape and dtype of a tensor that has not been read."""

    shape: tuple[int, ...]
    dtype: dtype

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


class Sizes(NamedTuple):
    """How long an image's sides, a text or a row of numbers may be; ``most`` is None where nothing limits it."""

    least: int = 1
    most: int | None = None

    def allow(self, size: int) -> bool:
        """Return whether this is neither too short nor too long."""
        return size >= self.least and (self.most is None or size <= self.most)


@dataclass(frozen=True)
class Architecture:
    """A recognised network: the family's id and what distinguishes this member of it.

    Attributes
    ----------
    family : str
        The family's id: the name of its file in ``families``; or ``timm``, ``transformers``, ``own``.
    title : str
        Name for a person: ``ResNet-56 (CIFAR)``.
    config : mapping of str to Any
        JSON values alone; with the family they rebuild the module. ``depth`` and ``widths`` are always among them.
    classes : int
        Outputs of the classifier: classes, or the vocabulary of a language model; 0 where there is none.
    input_shape : tuple of int
        Of one input: channels, height and width of an image; the length of a sequence of tokens; how many numbers.
    head : str or None
        Dotted name of the classifier, a linear layer; None of a network that ends in features.
    stages : tuple of str
        Dotted names of the modules that end a stage, from input to output.
    inputs : {"images", "tokens", "numbers"}
        What the network takes: float images (n, channels, height, width), int64 tokens (n, length), or float rows.
    vocabulary : int
        How many tokens a network on tokens knows; 0 for others.
    sizes : Sizes or None
        Of its inputs, ``input_shape`` among them; None where only a run tells, as of a library's networks.
    spare : frozenset of str
        Tensors of the file that the module does without: masks, position numbers, a second copy of tied weights.
    assumed : tuple of str
        What its outputs depend on, and neither shapes nor metadata tell, as it is taken: the ends of sentences that say
        how to declare it. Nothing of what the one library that publishes such networks leaves at its default.
    untold : str
        What decides its outputs, and neither shapes nor metadata tell: such a network is named, and not run.
    structure : Structure or None
        How it was edited; ``config`` is that of the network before, but for depth and widths. None if it was not.
    unheeded : mapping of str to Any
        Settings that its file states and its family does not heed, with their values: nor is such a network run.
    """

    family: str
    title: str
    config: Mapping[str, Any]
    classes: int
    input_shape: tuple[int, ...]
    head: str | None
    stages: tuple[str, ...]
    inputs: InputKind = "images"
    vocabulary: int = 0
    sizes: Sizes | None = None
    spare: frozenset[str] = frozenset()
    assumed: tuple[str, ...] = ()
    untold: str = ""
    structure: Structure | None = None
    unheeded: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_certain(self) -> bool:
        """Whether the family's module computes what the file says."""
        return not self.untold and not self.unheeded

    @property
    def settings(self) -> dict[str, Any]:
        """What a file must say of the network because its shapes leave it open, such as ``head_dim``; JSON values."""
        return {name: self.config[name] for name in _OPEN if self.config.get(name) is not None}

    def example(self, batch: int, seed: int = 0) -> Tensor:
        """Return random inputs, (batch, *input_shape): normal numbers, or tokens of the vocabulary."""
        generator = torch.Generator().manual_seed(seed)
        shape = (batch, *self.input_shape)
        if self.inputs == "tokens":
            return torch.randint(self.vocabulary, shape, generator=generator)
        return torch.randn(shape, generator=generator)
