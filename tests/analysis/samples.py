"""Samples that are given, as a data set gives them."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Samples:
    """Images, tokens or rows of numbers; ``pad`` is what fills texts up."""

    def __init__(self, inputs: Tensor, pad: int | None = None) -> None:
        self._inputs, self.pad = inputs, pad
        self.kind = "tokens" if not inputs.is_floating_point() else "images" if inputs.ndim == 4 else "numbers"

    def __len__(self) -> int:
        return len(self._inputs)

    def batches(self, size: int, start: int = 0) -> Iterator[Tensor]:
        yield from self._inputs[start:].split(size)

    def take(self, samples: NDArray[np.int64]) -> Tensor:
        return self._inputs[torch.from_numpy(samples)]
