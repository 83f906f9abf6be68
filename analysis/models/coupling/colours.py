"""Colours: labels of the channels that a tensor's elements belong to.

A colouring has the tensor's number of axes, with the tensor's length along those on which its labels depend and 1 along
the others. A tensor may have several, on axes of their own: tokens and their width, heads and stages.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from .labels import FREE, Labels

Colours = tuple[Tensor, ...]
Shape = Sequence[int]


def axes(colouring: Tensor) -> frozenset[int]:
    """Return the axes that a colouring depends on."""
    return frozenset(axis for axis, side in enumerate(colouring.shape) if side > 1)


def compact(labels: Tensor) -> Tensor:
    """Return the colouring of labels that may be constant along some axes."""
    for axis in range(labels.ndim):
        first = labels.narrow(axis, 0, min(1, labels.shape[axis]))
        if labels.shape[axis] > 1 and bool((labels == first).all()):
            labels = first
    return labels


def coloured(colouring: Iterable[Tensor]) -> Colours:
    """Return those that depend on some axis."""
    return tuple(one for one in colouring if one.numel() > 1)


def on_axis(labels: Tensor, axis: int, ndim: int) -> Tensor:
    """Return the colouring of an axis."""
    return labels.reshape([-1 if place == axis else 1 for place in range(ndim)])


def along(colours: Colours, axis: int) -> Tensor | None:
    """Return the colouring that depends on an axis."""
    return next((one for one in colours if axis in axes(one)), None)


def whole(labels: Labels, colours: Colours, kept: Iterable[int]) -> Colours:
    """Demand that axes stay whole: what differs along them goes together, or not at all where nothing else is told."""
    kept = frozenset(kept)
    return coloured(_whole(labels, one, kept & axes(one)) for one in colours)


def _whole(labels: Labels, colouring: Tensor, kept: frozenset[int]) -> Tensor:
    if kept and kept == axes(colouring):
        labels.lock(colouring)
    for axis in kept:
        first = colouring.narrow(axis, 0, 1)
        labels.join(colouring, first)
        colouring = first
    return colouring


def merged(labels: Labels, colours: Iterable[Tensor]) -> Colours:
    """Return colourings of one tensor on axes of their own: those that share some are joined."""
    apart: list[Tensor] = []
    for one in coloured(colours):
        for other in [other for other in apart if axes(other) & axes(one)]:
            labels.join(one, other)
            apart.remove(other)
            one = torch.where(one == FREE, other, one)
        apart.append(one)
    return tuple(apart)


def lock(labels: Labels, colours: Colours) -> None:
    """Let all channels of a tensor stay."""
    for one in colours:
        labels.lock(one)
