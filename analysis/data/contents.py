"""What samples are, by what they hold and by where they lie: whatever a data set is called and however prepared."""

import base64
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ..trials import DataSpec
from .prepared import Prepared

MOST = 50_000
"""Of larger sets so many samples are looked at, spread evenly."""
_BYTES = 6  # of a hash: of two sets of 50,000, one pair of unequal samples shares one in 100,000 such pairs of sets
_PIECE = 256

Contents = NDArray[np.uint64]


def contents_of(spec: DataSpec, data: Prepared) -> Contents:
    """Return two hashes of each sample, or of `MOST` of them, (samples, 2): of what it holds, and of where it lies.

    What it holds is a picture's 8-bit RGB values before normalisation, tokens without their padding, or numbers as
    float32. Where it lies is its place in the file's content, which stays whatever it is resized to.

    Raises
    ------
    UserError
        If a picture cannot be read; names it.
    """
    chosen = np.unique(np.linspace(0, len(data) - 1, min(len(data), MOST)).round().astype(np.int64))
    pieces = (chosen[start : start + _PIECE] for start in range(0, len(chosen), _PIECE))
    held = [_hash(sample) for piece in pieces for sample in _samples(data, piece)]
    lies = [_hash(f"{spec.content} {spec.split} {place}".encode()) for place in data.places[chosen].tolist()]
    return np.array([held, lies], np.uint64).T


def overlap(contents: Contents, learnt: Contents) -> float:
    """Return the share of samples, (samples, 2), of which either hash is among some, (hashes,)."""
    return float(np.isin(contents, learnt).any(1).mean())


def as_text(contents: Contents) -> str:
    """Return hashes of any shape as text, each once, for a file's metadata."""
    octets = np.unique(contents).astype(">u8").view(np.uint8).reshape(-1, 8)[:, -_BYTES:]
    return base64.b64encode(octets.tobytes()).decode()


def from_text(text: str) -> Contents:
    """Return the hashes that `as_text` wrote, (hashes,), ascending."""
    octets = np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, _BYTES)
    whole = np.zeros((len(octets), 8), np.uint8)
    whole[:, -_BYTES:] = octets
    return whole.view(">u8").ravel().astype(np.uint64)


def _samples(data: Prepared, places: NDArray[np.int64]) -> list[bytes]:
    if data.kind == "images":
        pictures = data.pictures(places)
        return [f"{picture.shape}".encode() + picture.tobytes() for picture in pictures]
    rows = data.take(places).numpy()
    if data.kind == "tokens":
        return [(row if data.pad is None else np.trim_zeros(row - data.pad, "b")).tobytes() for row in rows]
    return [(row + 0.0).tobytes() for row in rows]  # of the two zeros, one


def _hash(sample: bytes) -> int:
    return int.from_bytes(blake2b(sample, digest_size=_BYTES).digest(), "big")
