"""The handwritten digits that come with scikit-learn: 1,797 pictures of 8 × 8 grey values.

E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998,
doi:10.24432/C50P49 (CC BY 4.0); scikit-learn holds its test part.
"""

import numpy as np
from numpy.typing import NDArray

from ..trials import DataSpec
from .arrays import ArraySource
from .source import refuse_scaling, source

_WHITE = 16


@source("'digits', the bundled handwritten digits", lambda path: path == "digits")
def open_digits(spec: DataSpec) -> ArraySource:
    """Return the digits as float32 in [0, 1], (samples, 1, 8, 8); all of them without a split.

    The test part is the first and every fifth picture after it of each class, the train part is the rest.
    """
    refuse_scaling(spec)
    from sklearn.datasets import load_digits  # a second to import, needed here alone

    digits = load_digits()
    pixels = (digits.images[:, None] / _WHITE).astype(np.float32)
    labels = digits.target.astype(np.int64)
    chosen = np.flatnonzero(
        np.ones(len(labels), bool) if spec.split is None else _is_test(labels) == (spec.split == "test")
    )
    return ArraySource(spec.path, pixels[chosen], labels[chosen], tuple("0123456789"), numbers=chosen)


def _is_test(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        chosen[np.flatnonzero(labels == label)[::5]] = True
    return chosen
