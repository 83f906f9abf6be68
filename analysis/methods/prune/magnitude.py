"""Magnitude pruning: what is small goes."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from ....kernels.masks import Scope, channel_norms
from ...models import Checkpoint
from ...registry import Parameters, parameter
from .. import METHODS, Derivative, MethodContext
from .masking import Granularity, masked


class MagnitudeParameters(Parameters):
    """Parameters of magnitude pruning."""

    amount: float = parameter(0.5, "Share of the weights that is removed.", unit="fraction", ge=0, le=1)
    scope: Scope = parameter("global", "Compare over all layers, take the same share of each, or by ERK densities.")
    granularity: Granularity = parameter("element", "Remove single weights, or whole output channels.")
    norm: Literal["l1", "l2"] = parameter("l2", "Norm that scores a channel; single weights are scored by size.")


@METHODS.register(
    "prune.magnitude",
    title="Magnitude pruning",
    citation="Han et al. 2015, Learning both Weights and Connections for Efficient Neural Networks",
)
def magnitude(parents: Sequence[Checkpoint], parameters: MagnitudeParameters, context: MethodContext) -> Derivative:
    """Set the weights, or the output channels, of smallest magnitude to zero."""

    def score(_: str, weight: Tensor) -> Tensor:
        if parameters.granularity == "element":
            return weight.abs()
        return channel_norms(weight, 1.0 if parameters.norm == "l1" else 2.0)

    return masked(parents[0], score, parameters.amount, parameters.scope, context.ticket)
