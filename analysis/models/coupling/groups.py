"""Channels that go together, by the axes of the parameters that they lie on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ..families.resnet_cifar import PaddedSubsample
from .colours import along, on_axis
from .labels import KnownLabels, Labels
from .tracing import RunError, traced

Numbers = NDArray[np.int64]


class Axis(NamedTuple):
    """An axis of a parameter or buffer by its name."""

    tensor: str
    axis: int


Kept = Mapping[Axis, Numbers]
"""The indices that stay along each axis that loses some, in order."""


@dataclass(frozen=True)
class Coupling:
    """Which channels of a network go together.

    Attributes
    ----------
    classes : mapping of Axis to array of int
        For each index along an axis what it goes with, a number from 1 on; 0 where it stays. Axes that stay whole are
        left out.
    padding : mapping of str to array of int
        The same of the channels that shortcuts without parameters give, by the shortcut's name.
    called : mapping of str to str
        What a tensor is called in ``classes``, by each of its names.
    """

    classes: Mapping[Axis, Numbers]
    padding: Mapping[str, Numbers]
    called: Mapping[str, str]
    _labels: Mapping[Axis, Tensor] = field(repr=False)
    _known: Numbers = field(repr=False)
    _constants: list[float] = field(repr=False)

    @cached_property
    def kinds(self) -> Mapping[frozenset[Axis], Numbers]:
        """The classes by the axes that they lie on; in order."""
        places: dict[int, set[Axis]] = {}
        for axis, classes in self.classes.items():
            for number in np.unique(classes[classes > 0]):
                places.setdefault(int(number), set()).add(axis)
        found: dict[frozenset[Axis], list[int]] = {}
        for number, axes in sorted(places.items()):
            found.setdefault(frozenset(axes), []).append(number)
        return {axes: np.array(numbers) for axes, numbers in found.items() if len(axes) > 1}

    def kept(self, gone: Numbers) -> Kept:
        """Return what stays along each axis when classes go."""
        left = {axis: ~np.isin(classes, gone) for axis, classes in self.classes.items()}
        return {axis: np.flatnonzero(stays) for axis, stays in left.items() if not stays.all()}

    def fits(self, network: nn.Module, example: Tensor, kept: Kept) -> bool:
        """Tell whether a network that was cut couples the channels that are left as the whole one does.

        Parameters
        ----------
        network : Module
            The cut network.
        example : Tensor
            As for `coupled`.
        kept : Kept
            What is left of each axis.
        """
        labels = KnownLabels(self._known)
        own = {axis: all_[kept[axis]] if axis in kept else all_ for axis, all_ in self._labels.items()}
        seeds = {name: tuple(_placed(own, name, tensor)) for name, tensor in _tensors(network).items()}
        try:
            passed = traced(network, example, labels, seeds, PaddedSubsample)
        except RunError:
            return False
        return labels.agree and passed.constants == self._constants


def coupled(network: nn.Module, example: Tensor) -> Coupling:
    """Find which channels go together.

    Inputs and outputs of the network stay, as does what a norm averages over, and all that an operation sees of which
    nothing is known.

    Parameters
    ----------
    network : Module
        On the meta device where that can be.
    example : Tensor
        A batch of one.

    Raises
    ------
    RunError
        If the network cannot be run.
    """
    labels, tensors = Labels(), _tensors(network)
    sides = {Axis(name, axis): side for name, t in tensors.items() for axis, side in enumerate(t.shape) if side > 1}
    own = {axis: labels.fresh(side) for axis, side in sides.items()}
    seeds = {name: tuple(_placed(own, name, tensor)) for name, tensor in tensors.items()}
    passed = traced(network, example, labels, seeds, PaddedSubsample)
    known = labels.classes()
    channels = {name: along(colours, 1) for name, colours in passed.given.items()}
    classes = {axis: known[numbers.numpy()] for axis, numbers in own.items()}
    return Coupling(
        {axis: numbers for axis, numbers in classes.items() if numbers.any()},
        {name: known[found.flatten().numpy()] for name, found in channels.items() if found is not None},
        _names(network),
        own,
        known,
        passed.constants,
    )


def _tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return the parameters and statistics of a network, shared ones once."""
    named = (*network.named_parameters(), *network.named_buffers())
    return {name: tensor for name, tensor in named if tensor.is_floating_point()}


def _names(network: nn.Module) -> dict[str, str]:
    """Return the first name of each tensor by all of its names."""
    first: dict[int, str] = {}
    named = (*network.named_parameters(remove_duplicate=False), *network.named_buffers(remove_duplicate=False))
    return {name: first.setdefault(id(tensor), name) for name, tensor in named}


def _placed(own: Mapping[Axis, Tensor], name: str, tensor: Tensor) -> Iterator[Tensor]:
    """Yield the labels of each axis along which a tensor has several."""
    for axis, side in enumerate(tensor.shape):
        if side > 1:  # of a network that was cut, one may be left
            yield on_axis(own[Axis(name, axis)], axis, tensor.ndim)


__all__ = ["Axis", "Coupling", "Kept", "Numbers", "coupled"]
