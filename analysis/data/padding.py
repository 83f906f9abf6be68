"""Which tokens of an array only fill its samples up: what a mask or a length says, and never a token by itself."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from .rows import Read

MASKS = ("attention_mask", "mask")
LENGTHS = ("lengths", "length")
_PIECE = 4096  # samples read at once


def lengths_in(values: NDArray[Any], shape: tuple[int, ...], what: str) -> NDArray[np.int64]:
    """Return how many tokens of each sample are its own, (samples,).

    Parameters
    ----------
    values : array of numbers
        Lengths, (samples,), or a mask that is 1 where a token is the sample's, (samples, width).
    shape : tuple of int
        Samples, and the width of all.
    what : str
        What to call the values.

    Raises
    ------
    UserError
        If they are neither, or anything comes before a sample's own tokens or among them.
    """
    samples, width = shape
    fits = values.size in (samples, samples * width)
    lengths: NDArray[np.int64] = values.reshape(samples, -1).astype(np.int64).sum(1) if fits else np.empty(0, np.int64)
    if not fits or values.dtype.kind not in "iub" or lengths.min() < 0 or lengths.max() > width:
        raise UserError(
            f"{what} do not say how many of {width} tokens are a sample's own.",
            "Save one length for each sample, or a mask of ones and zeros.",
        )
    if values.size != samples and not np.array_equal(values.astype(bool), np.arange(width) < lengths[:, None]):
        raise UserError(f"{what} leave out tokens before others of a sample.", "Fill samples up behind their tokens.")
    return lengths


def filler_of(read: Read, lengths: NDArray[np.int64], width: int, what: str) -> int | None:
    """Return the token behind the samples' own ones; None where nothing fills them up.

    Raises
    ------
    UserError
        If it is not one token, which is among no sample's own.
    """
    if (lengths == width).all():
        return None
    fillers: set[int] = set()
    own: set[int] = set()
    for first in range(0, len(lengths), _PIECE):
        some = np.arange(first, min(first + _PIECE, len(lengths)))
        tokens, real = read(some), np.arange(width) < lengths[some, None]
        fillers |= set(np.unique(tokens[~real]).tolist())
        own |= set(np.unique(tokens[real]).tolist())
    if len(fillers) > 1:
        raise UserError(f"{what} fills its samples up with several tokens.", "Fill them up with one.")
    if fillers & own:
        raise UserError(
            f"{what} fills its samples up with the token {min(fillers)}, which texts hold, too.",
            "Fill them up with a token of its own.",
        )
    return fillers.pop()
