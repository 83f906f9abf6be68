"""The loss as a function of the weights."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from ...kernels.curvature import Vector
from . import Evidence
from .sampling import Batches, labelled_batches, mean_loss, trainable, with_parameters
from .untrained import architecture_of


@dataclass(frozen=True)
class Landscape:
    """A network and samples; ``point`` holds the weights, ``names`` theirs."""

    network: nn.Module
    names: tuple[str, ...]
    point: Vector
    batches: Batches
    evidence: Evidence

    def loss(self, point: Sequence[Tensor]) -> Tensor:
        """Return the mean cross-entropy at a point, differentiable twice."""
        self.evidence.ticket.check()
        with sdpa_kernel(SDPBackend.MATH):  # the others have no second derivative
            return mean_loss(with_parameters(self.network, self.names, point), self.batches)

    def at(self, steps: Iterable[tuple[float, Vector]]) -> float:
        """Return the loss some steps away, each so many times a direction."""
        point = self.point
        for length, direction in steps:
            point = [p + length * d for p, d in zip(point, direction, strict=True)]
        with torch.inference_mode():
            return float(self.loss(point))


def landscape(evidence: Evidence, samples: int) -> Landscape:
    """Return the loss of the network on some of the samples, spread evenly.

    Raises
    ------
    UserError
        If the network is not recognised, or the samples have no labels.
    """
    architecture_of(evidence)
    network = evidence.build()
    weights = trainable(network)
    return Landscape(network, tuple(weights), list(weights.values()), labelled_batches(evidence, samples), evidence)
