"""Projections: one file each, a function that lays the samples of one or more models out in the plane.

A projection is::

    def pca(features: Sequence[NDArray[np.float32]], parameters: PcaParameters, ticket: Ticket)
        -> list[NDArray[np.float32]]

It gets one (samples, width) array a model, the same samples in the same order, and gives one (samples, 2) array a
model in a shared frame: later ones are rotated, reflected and scaled onto the first, so that they can be compared.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..registry import Parameters, Shelf

if TYPE_CHECKING:
    from ..jobs.protocol import Ticket


class Projection(Protocol):
    """The signature of a projection."""

    __qualname__: str

    def __call__(
        self,
        features: Sequence[NDArray[np.float32]],
        parameters: Any,
        ticket: "Ticket",
        /,
    ) -> list[NDArray[np.float32]]: ...


PROJECTIONS: Shelf[Projection] = Shelf("projection", __name__, "graftwork.projections")

__all__ = ["PROJECTIONS", "Parameters", "Projection"]
