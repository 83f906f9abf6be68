"""Measures: one file each, a function that says something about one model on one data set.

A measure is::

    def accuracy(evidence: Evidence, parameters: AccuracyParameters) -> Iterable[Value | Column]

registered by ``@MEASURES.register("accuracy", title=…, citation=…, quantities=…, needs=("logits",))``. ``needs`` names
the per-sample columns that one forward pass over the data must leave behind: ``logits``, ``features`` (the input of the
classifier head) or ``stages`` (every stage end, averaged over positions, as ``stage1`` …). A measure reads the columns
from the evidence and never runs over the data itself, unless running is what it measures. One registered with
``compares=True`` finds the same of the recipe's reference in ``evidence.compared``; one with ``compares="optional"`` in
``evidence.reference``, where there is one. One registered with ``weighs=True`` weighs all that it says of samples by
``evidence.weights``; of others a person is told that they do not.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..registry import Parameters, Shelf
from ..trials import Remark, Value
from ..weights import Weights

if TYPE_CHECKING:
    import torch
    from torch import nn

    from ..data import DataSet
    from ..jobs.protocol import Ticket
    from ..models import Checkpoint


@dataclass(frozen=True)
class Column:
    """One value a sample: ``values`` has shape (samples,) or (samples, width)."""

    name: str
    values: NDArray[Any]
    unit: str = ""


@dataclass(frozen=True)
class Evidence:
    """What a measure may look at.

    Attributes
    ----------
    checkpoint : Checkpoint
        The open checkpoint.
    build : callable
        Gives a fresh module on the device, in evaluation mode.
    columns : mapping of str to array
        What ``needs`` asked for: ``logits`` (samples, classes) float32, ``features`` (samples, width) float32 …
    labels : array of int64, shape (samples,)
        True classes; empty where there are no data.
    data : DataSet or None
        The data.
    device : torch.device
        Where to compute.
    seed : int
        Seeds every draw.
    ticket : Ticket
        Progress and cancellation.
    weights : array of float64, shape (samples,), or None
        Relative weights of the samples, 0 to 1, of a measure registered with ``weighs=True``; None where all count
        alike.
    reference : Evidence or None
        The same of the model that is compared with; always there for a measure registered with ``compares=True``.
    """

    checkpoint: "Checkpoint"
    build: Callable[[], "nn.Module"]
    columns: Mapping[str, NDArray[np.float32]]
    labels: NDArray[np.int64]
    data: "DataSet | None"
    device: "torch.device"
    seed: int
    ticket: "Ticket"
    weights: Weights = None
    reference: "Evidence | None" = None

    @property
    def compared(self) -> "Evidence":
        """The reference's evidence, of a measure that cannot do without.

        Raises
        ------
        UserError
            If there is none.
        """
        if self.reference is None:
            raise UserError("There is no model to compare with.", "Name one as reference below [measure].")
        return self.reference

    @property
    def unweighted(self) -> "Evidence":
        """The evidence for a measure that counts all samples alike."""
        return replace(self, weights=None, reference=self.reference and self.reference.unweighted)

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """Shape of one input, (channels, height, width), as the data give it; None without data."""
        return tuple(next(iter(self.data.batches(1))).shape[1:]) if self.data else None

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.data.classes if self.data else ()


class Measure(Protocol):
    """The signature of a measure."""

    __qualname__: str

    def __call__(self, evidence: Evidence, parameters: Any, /) -> Iterable[Value | Column | Remark]: ...


MEASURES: Shelf[Measure] = Shelf("measure", __name__, "graftwork.measures")

__all__ = ["MEASURES", "Column", "Evidence", "Measure", "Parameters", "Remark", "Value"]
