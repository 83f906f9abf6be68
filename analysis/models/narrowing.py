"""Narrower members of a family: one factor for every hidden width."""

from dataclasses import replace

from torch import nn

from ..errors import UserError
from .architecture import Architecture
from .families import families, skeleton
from .parts.widths import Narrow, Scale

_HALVINGS = 24  # tell factors apart that differ by one channel of 2²³


def narrowed(architecture: Architecture, parameters: int) -> Architecture:
    """Return the widest member of a family with at most so many parameters whose hidden widths share one factor.

    Inputs, classes, depth and the size of attention heads stay; widths are rounded, attention keeps whole heads.

    Parameters
    ----------
    architecture : Architecture
        Returned as it is where it is small enough.
    parameters : int
        The most that the network may have, tied ones counted once.

    Raises
    ------
    UserError
        If the family's widths cannot be scaled, or one channel everywhere is too many.
    """
    narrow = _narrow_of(architecture)
    if parameter_total(skeleton(architecture)) <= parameters:
        return architecture
    low, high = 0.0, 1.0
    if _total_at(architecture, narrow, low) > parameters:
        raise UserError(
            f"{architecture.title} cannot be narrowed to {parameters:,} parameters: one channel everywhere has more.",
            "Compare with a parent that keeps more of its weights.",
        )
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _total_at(architecture, narrow, middle) <= parameters:
            low = middle
        else:
            high = middle
    return _at(architecture, narrow, low)


def parameter_total(network: nn.Module) -> int:
    """Return how many parameters a network has, shared ones counted once."""
    return sum(parameter.numel() for parameter in network.parameters())


def _narrow_of(architecture: Architecture) -> Narrow:
    narrow: Narrow | None = getattr(families().get(architecture.family), "narrow", None)
    if narrow is None:
        raise UserError(
            f"The widths of {architecture.title} cannot be scaled: nothing here says which of them are free.",
            "Compare with the same shape trained from scratch, narrow = false.",
        )
    return narrow


def _at(architecture: Architecture, narrow: Narrow, factor: float) -> Architecture:
    config = narrow(architecture.config, Scale(factor))
    return replace(architecture, config=config, title=f"{architecture.title}, narrower", spare=frozenset())


def _total_at(architecture: Architecture, narrow: Narrow, factor: float) -> int:
    return parameter_total(skeleton(_at(architecture, narrow, factor)))
