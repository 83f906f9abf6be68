"""Some samples as inputs on the device, for measures that run the network themselves."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import UserError
from ..weights import some
from . import Evidence
from .summaries import counting

_DECODED = 256  # samples read at a time
_BATCH = 64  # samples a pass takes


class Batch(NamedTuple):
    """Inputs, (samples, …), with their labels and, where they are weighted, their weights, (samples,)."""

    inputs: Tensor
    labels: Tensor
    weights: Tensor | None


Batches = Sequence[Batch]


def spread_places(evidence: Evidence, count: int) -> NDArray[np.int64]:
    """Return the places of at most ``count`` samples, spread evenly over those of the data set that count.

    Raises
    ------
    UserError
        If there are no samples.
    """
    size = len(evidence.data) if evidence.data else 0
    if not size:
        raise UserError("There are no samples to measure on.", "Choose a data set with at least one sample.")
    counted = np.flatnonzero(counting(evidence, np.ones(size, bool)))
    return counted[np.unique(np.linspace(0, len(counted) - 1, min(count, len(counted))).astype(np.int64))]


def some_inputs(evidence: Evidence, places: NDArray[np.int64]) -> Iterator[Tensor]:
    """Give the samples at these places, which ascend, on the device, in batches of at most 64."""
    assert evidence.data is not None
    chosen = []
    for number, batch in enumerate(evidence.data.batches(_DECODED)):
        start = number * _DECODED
        inside = places[(places >= start) & (places < start + len(batch))] - start
        chosen.append(batch[torch.from_numpy(inside)])
        if places[-1] < start + len(batch):
            break
    yield from torch.split(torch.cat(chosen).to(evidence.device), _BATCH)


def labelled_batches(evidence: Evidence, count: int) -> Batches:
    """Return batches of inputs with their labels, of at most ``count`` samples spread evenly over the data set.

    Raises
    ------
    UserError
        If there are no samples, or they have no labels.
    """
    places = spread_places(evidence, count)
    labels = torch.from_numpy(evidence.labels[places]).to(evidence.device)
    if labels.min() < 0:
        raise UserError("The data have no labels.", "Declare their column, or leave this measure out.")
    inputs, parts = list(some_inputs(evidence, places)), torch.split(labels, _BATCH)
    chosen = some(evidence.weights, places)
    weights = [None] * len(parts) if chosen is None else torch.from_numpy(chosen).to(labels.device).split(_BATCH)
    return [Batch(*batch) for batch in zip(inputs, parts, weights, strict=True)]


def mean_loss(forward: Callable[[Tensor], Tensor], batches: Batches) -> Tensor:
    """Return the mean cross-entropy over all samples, weighted where they are, differentiable.

    Raises
    ------
    UserError
        If the labels do not fit the network.
    """
    total = sum(len(labels) if weights is None else float(weights.sum()) for _, labels, weights in batches)
    return torch.stack([_loss(forward(inputs), labels, weights) for inputs, labels, weights in batches]).sum() / total


def _loss(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    if logits.ndim != 2 or int(labels.max()) >= logits.shape[1]:
        raise UserError(
            "The network's outputs are not one score for each class of the data.",
            "Choose a classifier, and the data set that it was trained for.",
        )
    if weights is None:
        return F.cross_entropy(logits.float(), labels, reduction="sum")
    return F.cross_entropy(logits.float(), labels, reduction="none") @ weights.float()


def trainable(network: nn.Module) -> dict[str, Tensor]:
    """Return the network's parameters that are real numbers, by name, detached from every graph."""
    return {name: p.detach() for name, p in network.named_parameters() if p.is_floating_point()}


def with_parameters(network: nn.Module, names: Sequence[str], values: Sequence[Tensor]) -> Callable[[Tensor], Tensor]:
    """Return the network as a function of its inputs, with other values for some of its parameters."""
    replaced = dict(zip(names, values, strict=True))

    def forward(inputs: Tensor) -> Tensor:
        outputs: Tensor = torch.func.functional_call(network, replaced, (inputs,))
        return outputs

    return forward
