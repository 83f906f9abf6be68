"""What the values of a tensor are like, piece by piece, so that no second copy of a large tensor is made."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

_PIECE = 1 << 22  # elements


@dataclass(frozen=True)
class Statistics:
    """Figures of one tensor; of complex values, those of their magnitudes.

    Attributes
    ----------
    rms, largest : float
        Root mean square and largest magnitude of the finite values; 0 where there are none.
    zeros, not_finite : int
        Exact zeros; values that are infinite or no numbers.
    """

    rms: float
    largest: float
    zeros: int
    not_finite: int


def statistics(tensor: Tensor) -> Statistics:
    """Return a tensor's statistics, with sums in float64."""
    squares, largest, zeros, finite = 0.0, 0.0, 0, 0
    for piece in pieces(tensor):
        magnitudes = piece.abs()
        known = magnitudes[magnitudes.isfinite()]
        squares += float(known.square().sum())
        largest = max(largest, float(known.max())) if len(known) else largest
        zeros += int((magnitudes == 0).sum())
        finite += len(known)
    return Statistics((squares / finite) ** 0.5 if finite else 0.0, largest, zeros, tensor.numel() - finite)


def pieces(tensor: Tensor) -> Iterator[Tensor]:
    """Give a tensor's values in pieces along one axis, in float64 or complex128."""
    wide = torch.complex128 if tensor.dtype.is_complex else torch.float64
    for piece in tensor.reshape(-1).split(_PIECE):
        yield piece.to(wide)
