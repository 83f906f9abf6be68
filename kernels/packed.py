"""Which samples each of many models has right, eight to a byte: counts over any subset in a moment.

Packed rows are 64-bit words, (models, words); the bits beyond the last sample are 0.
"""

import numpy as np
from numpy.typing import NDArray

from .paired import Contingency

Words = NDArray[np.uint64]


def pack(rows: NDArray[np.generic]) -> Words:
    """Return truth values, (…, samples), as words, (…, words)."""
    return words(np.packbits(np.asarray(rows, bool), axis=-1))


def words(octets: NDArray[np.uint8]) -> Words:
    """Return packed bytes, (…, bytes), as words."""
    short = -octets.shape[-1] % 8
    filled = np.pad(octets, [(0, 0)] * (octets.ndim - 1) + [(0, short)])
    return np.ascontiguousarray(filled).view(np.uint64)


def unpack(rows: Words, samples: int) -> NDArray[np.bool_]:
    """Return words, (…, words), as truth values, (…, samples)."""
    return np.unpackbits(rows.view(np.uint8), axis=-1, count=samples).astype(bool)


def counts(rows: Words, within: Words | None = None) -> NDArray[np.int64]:
    """Return how many samples of a subset, all without one, each model has right, (models,).

    Parameters
    ----------
    rows : array of uint64, shape (models, words)
    within : array of uint64, shape (words,)
        The packed subset.
    """
    chosen = rows if within is None else rows & within
    found: NDArray[np.int64] = np.bitwise_count(chosen).sum(axis=-1, dtype=np.int64)
    return found


def counts_reference(rows: NDArray[np.bool_], within: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return `counts` of truth values as they are, (models, samples)."""
    return np.asarray(rows[:, within].sum(axis=1))


def packed_contingency(first: Words, second: Words, size: int, within: Words | None = None) -> Contingency:
    """Return the 2 × 2 table of two models over a subset of ``size`` samples; each of shape (words,)."""
    either, both = counts(np.stack([first | second, first & second]), within)
    own, other = counts(np.stack([first, second]), within)
    return Contingency(int(both), int(own - both), int(other - both), size - int(either))
