"""Which classes of channels go for a share of the network's cost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, gcd
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...models.coupling import Numbers

Scope = Literal["global", "layer"]


@dataclass(frozen=True)
class Group:
    """Classes of channels that lie on the same axes.

    Attributes
    ----------
    classes : array of int
        What goes together, the least important first.
    scores : array of float
        How important each is, in the same order.
    width : int
        How many channels of a layer each has: 1, or those of a head.
    """

    classes: Numbers
    scores: NDArray[np.float64]
    width: int

    def gone(self, count: int, most: float, round_to: int) -> Numbers:
        """Return the first classes: as many as asked, as far as enough stay and what stays is a multiple."""
        there, unit = len(self.classes), round_to // gcd(round_to, self.width)
        stay = max(there - count, there - floor(most * there), 1)
        return self.classes[: there - min(there, -(-stay // unit) * unit)]


@dataclass(frozen=True)
class Budget:
    """An order in which classes go.

    Attributes
    ----------
    groups : sequence of Group
        What may go.
    scope : {"global", "layer"}
        Whether all classes are compared with each other, or every group loses the same share.
    most : float
        The share of a group that may go.
    round_to : int
        What numbers of channels must be multiples of, where some go.
    """

    groups: Sequence[Group]
    scope: Scope
    most: float
    round_to: int

    @property
    def steps(self) -> int:
        """How many steps there are from nothing to all that may go."""
        return sum(len(group.classes) for group in self.groups)

    def at(self, step: int) -> Numbers:
        """Return the classes that go at a step: all that went before, and perhaps more."""
        owners = np.repeat(np.arange(len(self.groups)), [len(group.classes) for group in self.groups])
        order = np.argsort(np.concatenate([self._keys(group) for group in self.groups]), kind="stable")
        counts = np.bincount(owners[order[:step]], minlength=len(self.groups)).tolist()
        both = zip(self.groups, counts, strict=True)
        return np.concatenate([group.gone(count, self.most, self.round_to) for group, count in both])

    def _keys(self, group: Group) -> NDArray[np.float64]:
        """Return what classes are compared by: their scores, or the share of their group that goes with them."""
        return group.scores if self.scope == "global" else (np.arange(len(group.classes)) + 0.5) / len(group.classes)


def nearest(cost: Callable[[int], int], steps: int, wanted: float) -> int:
    """Return the step whose cost is nearest to the one wanted; costs fall from step 0 on."""
    low, high = 0, steps
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if cost(middle) <= wanted else (middle + 1, high)
    before = max(0, low - 1)
    return before if abs(cost(before) - wanted) < abs(cost(low) - wanted) else low
