"""What every data set gives, whatever it is read from."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


class DataSet(Protocol):
    """Labelled samples in a fixed order.

    Attributes
    ----------
    classes : tuple of str
        Names of the classes; a label is an index into them.
    labels : array of int64, shape (samples,)
        True classes.
    names : tuple of str
        A readable name for each sample (its path in the folder or archive).
    """

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int: ...

    def batches(self, size: int, start: int = 0) -> Iterator[Tensor]:
        """Give normalised float32 inputs, (batch, channels, height, width), from sample ``start`` on, in order."""
        ...

    def pictures(self, samples: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the samples as a person sees them, (samples, height, width, 3), before normalisation."""
        ...
