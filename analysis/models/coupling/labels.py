"""Labels of channels, and which of them were joined."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

FREE = 0
"""No channel: what is here goes and stays with whatever it meets."""
_FIXED = 1


class Labels:
    """Whole numbers that stand for channels; those that are joined stay or go together, those that are locked stay."""

    def __init__(self) -> None:
        self._count = 2
        self._joined: list[Tensor] = []

    @property
    def fixed(self) -> int:
        """The label of what must stay."""
        return _FIXED

    def fresh(self, count: int) -> Tensor:
        """Return labels that nothing else has, (count,)."""
        self._count += count
        return torch.arange(self._count - count, self._count)

    def join(self, first: Tensor, second: Tensor) -> None:
        """Join labels place by place, where both are some; shapes are broadcast."""
        pairs = torch.stack(torch.broadcast_tensors(first, second)).flatten(1)
        apart = (pairs != FREE).all(0) & (pairs[0] != pairs[1])
        if apart.any():
            self._joined.append(torch.unique(pairs[:, apart], dim=1))

    def lock(self, labels: Tensor) -> None:
        """Let channels stay."""
        self.join(labels, torch.tensor(self.fixed))

    def classes(self) -> NDArray[np.int64]:
        """Return a number for each label, equal for those that are joined; 0 for those that stay."""
        rows, columns = torch.cat([torch.zeros(2, 0, dtype=torch.int64), *self._joined], 1).numpy()
        graph = coo_array((np.ones(len(rows), np.bool_), (rows, columns)), (self._count, self._count))
        found = connected_components(graph, directed=False)[1].astype(np.int64) + 1
        return np.where(found == found[_FIXED], 0, found)


class KnownLabels(Labels):
    """Labels whose classes are known: joining two of different ones is a fault.

    Parameters
    ----------
    classes : array of int, shape (labels,)
        As `Labels.classes` gave them.

    Attributes
    ----------
    agree : bool
        Whether nothing else was joined.
    """

    def __init__(self, classes: NDArray[np.int64]) -> None:
        super().__init__()
        self._classes = torch.from_numpy(classes)
        self._count = len(classes)
        self.agree = True

    @property
    def fixed(self) -> int:
        """None: an axis of which one channel is left is not told from one that has none."""
        return FREE

    def join(self, first: Tensor, second: Tensor) -> None:
        """Compare the classes of labels, where both have some."""
        a, b = torch.broadcast_tensors(first, second)
        known = (a != FREE) & (b != FREE) & (a < len(self._classes)) & (b < len(self._classes))
        self.agree &= bool((self._classes[a[known]] == self._classes[b[known]]).all())

    def lock(self, labels: Tensor) -> None:
        """Demand that labels are all of one class: those that stay, or the only one that is left."""
        known = labels[(labels != FREE) & (labels < len(self._classes))]
        if known.numel():
            self.join(known, known[:1])
