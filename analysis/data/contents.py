"""What samples hold, whatever they are called and however they are stored: two equal samples have one hash."""

import base64
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from .dataset import DataSet

MOST = 50_000
"""Of larger sets so many samples are looked at, spread evenly."""
_BYTES = 6  # of a hash: two of 50,000 and 50,000 unequal samples share one once in 100,000 pairs of sets
_PIECE = 256

Contents = NDArray[np.uint64]


def contents_of(data: DataSet) -> Contents:
    """Return a hash of each sample as it is before normalisation, or of `MOST` of them; sorted, each once.

    Images count as 8-bit RGB, tokens without their padding, numbers as float32.

    Raises
    ------
    UserError
        If a picture cannot be read; names it.
    """
    chosen = np.unique(np.linspace(0, len(data) - 1, min(len(data), MOST)).round().astype(np.int64))
    pieces = (chosen[start : start + _PIECE] for start in range(0, len(chosen), _PIECE))
    return np.unique(np.array([_hash(sample) for piece in pieces for sample in _samples(data, piece)], np.uint64))


def share_of(data: DataSet, learnt: Contents) -> float:
    """Return the share of the data's distinct samples that are among some contents."""
    return float(np.isin(contents_of(data), learnt).mean())


def as_text(contents: Contents) -> str:
    """Return contents as text, for a file's metadata."""
    octets = contents.astype(">u8").view(np.uint8).reshape(-1, 8)[:, -_BYTES:]
    return base64.b64encode(octets.tobytes()).decode()


def from_text(text: str) -> Contents:
    """Return the contents that `as_text` wrote."""
    octets = np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, _BYTES)
    whole = np.zeros((len(octets), 8), np.uint8)
    whole[:, -_BYTES:] = octets
    return whole.view(">u8").ravel().astype(np.uint64)


def _samples(data: DataSet, places: NDArray[np.int64]) -> list[bytes]:
    if data.kind == "images":
        pictures = data.pictures(places)
        return [f"{picture.shape}".encode() + picture.tobytes() for picture in pictures]
    rows = data.take(places).numpy()
    if data.kind == "tokens":
        return [np.trim_zeros(row - (data.pad or 0), "b").tobytes() for row in rows]
    return [(row + 0.0).tobytes() for row in rows]  # of the two zeros, one


def _hash(sample: bytes) -> int:
    return int.from_bytes(blake2b(sample, digest_size=_BYTES).digest(), "big")
