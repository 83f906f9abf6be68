"""What every data set gives, whatever it is read from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .normalise import Normalisation
from .source import InputKind


class DataSet(Protocol):
    """Samples in a fixed order, labelled or not.

    Attributes
    ----------
    kind : {"images", "tokens", "numbers"}
        What a sample is.
    classes : tuple of str
        Names of the classes; a label is an index into them. None where there are no labels.
    labels : array of int64, shape (samples,)
        True classes; −1 where there are none.
    further : mapping of str to array
        Other values of each sample: ``label.NAME``, ``group.NAME``, ``weight``.
    pad : int or None
        The token that fills short samples up and is in none of them; None where every token counts, and for other
        kinds.
    remarks : sequence of str
        What a person may want to know of how it was read, in sentences.
    names : tuple of str
        A readable name for each sample (its path in the folder or archive).
    normalisation : Normalisation
        What `batches` applies to images.
    """

    kind: InputKind
    classes: tuple[str, ...]
    further: Mapping[str, NDArray[Any]]
    pad: int | None
    remarks: Sequence[str]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    normalisation: Normalisation

    def __len__(self) -> int: ...

    def batches(self, size: int, start: int = 0) -> Iterator[Tensor]:
        """Give inputs from sample ``start`` on, in order.

        Images are normalised float32, (batch, channels, height, width); tokens int64 and numbers float32, (batch,
        width).
        """
        ...

    def take(self, samples: NDArray[np.int64]) -> Tensor:
        """Return the inputs of these samples, in this order, as `batches` gives them."""
        ...

    def pictures(self, samples: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return images as a person sees them, (samples, height, width, 3), before normalisation."""
        ...
