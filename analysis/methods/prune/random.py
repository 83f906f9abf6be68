"""Random pruning: the baseline that any score has to beat."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ....kernels.masks import Scope
from ...models import Checkpoint
from ...registry import Parameters, parameter
from .. import METHODS, Derivative, MethodContext
from .masking import Granularity, masked


class RandomParameters(Parameters):
    """Parameters of random pruning."""

    amount: float = parameter(0.5, "Share of the weights that is removed.", unit="fraction", ge=0, le=1)
    scope: Scope = parameter("global", "Draw over all layers, the same share of each, or by ERK densities.")
    granularity: Granularity = parameter("element", "Remove single weights, or whole output channels.")


@METHODS.register(
    "prune.random",
    title="Random pruning",
    citation="The baseline of Han et al. 2015, Learning both Weights and Connections for Efficient Neural Networks",
    stochastic=True,
)
def random(parents: Sequence[Checkpoint], parameters: RandomParameters, context: MethodContext) -> Derivative:
    """Set uniformly drawn weights, or output channels, to zero."""
    generator = torch.Generator().manual_seed(context.seed)

    def score(_: str, weight: Tensor) -> Tensor:
        shape = weight.shape if parameters.granularity == "element" else weight.shape[:1]
        return torch.rand(shape, generator=generator, dtype=torch.float64)

    return masked(parents[0], score, parameters.amount, parameters.scope, context.ticket)
