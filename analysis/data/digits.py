"""The handwritten digits that scikit-learn carries: 1,797 grey pictures of 8×8 pixels (Alpaydin and Kaynak, 1998)."""

import numpy as np
from numpy.typing import NDArray

from ..trials import DataSpec
from .images import Pictures, spread

_DARKEST = 16
_EVERY_TEST = 5


def read_digits(spec: DataSpec) -> Pictures:
    """Read them, or their ``train`` or ``test`` split: every fifth of each class is for testing."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    labels = bunch.target.astype(np.int64)
    kept = _split(labels, spec.split)
    if spec.classes:
        kept = kept[np.isin(labels[kept], [int(name) for name in spec.classes if name.isdigit()])]
    kept = kept[np.argsort(labels[kept], kind="stable")]
    kept = kept[spread(labels[kept], spec.limit)]
    pixels = np.round(bunch.images[kept] * (255 / _DARKEST)).astype(np.uint8)[..., None]
    names = tuple(f"{labels[i]}/{i:04d}" for i in kept)
    return Pictures(pixels, labels[kept], names, tuple("0123456789"))


def _split(labels: NDArray[np.int64], split: str | None) -> NDArray[np.int64]:
    if split is None:
        return np.arange(len(labels))
    rank = np.empty(len(labels), dtype=np.int64)
    for label in range(10):
        places = np.flatnonzero(labels == label)
        rank[places] = np.arange(len(places))
    test = rank % _EVERY_TEST == 0
    return np.flatnonzero(test if split == "test" else ~test)
