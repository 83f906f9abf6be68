"""Codes of few bits, packed into bytes without a gap: the highest bit of the first code comes first."""

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 1 << 22  # codes; a multiple of 8, so that pieces end where bytes do


def packed_size(count: int, bits: int) -> int:
    """Return how many bytes codes take."""
    return -(-count * bits // 8)


def pack(codes: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Return codes (count,) below 2^bits as bytes (`packed_size`,); the last is filled up with zeros."""
    pieces = (codes[start : start + _AT_ONCE] for start in range(0, len(codes), _AT_ONCE))
    packed = [np.packbits(np.unpackbits(piece[:, None], axis=1)[:, 8 - bits :]) for piece in pieces]
    return np.concatenate(packed) if packed else np.empty(0, np.uint8)


def unpack(packed: NDArray[np.uint8], bits: int, count: int) -> NDArray[np.uint8]:
    """Return the codes, (count,)."""
    step = packed_size(_AT_ONCE, bits)
    pieces = (packed[start : start + step] for start in range(0, len(packed), step))
    codes = [_unpacked(piece, bits) for piece in pieces]
    return np.concatenate(codes)[:count] if codes else np.empty(0, np.uint8)


def _unpacked(packed: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    found = np.unpackbits(packed)
    whole = found[: len(found) // bits * bits].reshape(-1, bits)
    padded = np.zeros((len(whole), 8), np.uint8)
    padded[:, 8 - bits :] = whole
    return np.packbits(padded, axis=1)[:, 0]
