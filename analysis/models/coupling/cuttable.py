"""A network that can be cut: which of its channels can really go, and what is left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor, nn

from ..macs import macs
from ..structure import apply
from .cutting import Cut
from .groups import Axis, Coupling, Numbers, coupled

Kind = frozenset[Axis]
"""The axes that some classes lie on."""


@dataclass(frozen=True)
class Cuttable:
    """A network whose channels go.

    Attributes
    ----------
    skeleton : callable
        Gives the network anew, on the meta device where that can be.
    example : Tensor
        What it takes, a batch of one.
    """

    skeleton: Callable[[], nn.Module]
    example: Tensor

    @cached_property
    def coupling(self) -> Coupling:
        """Which channels go together.

        Raises
        ------
        RunError
            If the network cannot be run.
        """
        return coupled(self.skeleton(), self.example)

    def without(self, gone: Numbers) -> Cut:
        """Return the cut that takes classes away."""
        return Cut(self.coupling, gone)

    def cut(self, cut: Cut) -> nn.Module:
        """Return the network that is left, a skeleton."""
        network = self.skeleton()
        return apply(cut.edits(network), network)

    def macs(self, cut: Cut) -> int:
        """Return the multiply-accumulates of one sample that are left."""
        return macs(self.cut(cut), self.example)

    def fits(self, cut: Cut) -> bool:
        """Tell whether the network's own code, run again, couples what is left as it did."""
        return self.coupling.fits(self.cut(cut), self.example, cut.kept)

    def sound(self, kinds: Sequence[Kind]) -> list[Kind]:
        """Return the kinds of which the network's own code can do without a class."""
        first = np.array([self.coupling.kinds[kind][0] for kind in kinds], np.int64)
        if not kinds or self.fits(self.without(first)):
            return list(kinds)
        if len(kinds) == 1:
            return []
        half = len(kinds) // 2
        return [*self.sound(kinds[:half]), *self.sound(kinds[half:])]
