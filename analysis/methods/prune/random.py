"""Remove at random: what every other criterion has to beat."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...identity import digest
from ...models import Checkpoint, Weight
from .. import METHODS, Derivative, MethodContext
from .masking import Masking, MaskParameters


class RandomParameters(MaskParameters):
    """Parameters of random pruning."""


@METHODS.register(
    "prune.random",
    title="Random",
    citation="Liu et al. 2022, The Unreasonable Effectiveness of Random Pruning, arXiv:2202.02643",
    version=2,
    stochastic=True,
)
def random(parents: Sequence[Checkpoint], parameters: RandomParameters, context: MethodContext) -> Derivative:
    """Set weights drawn at random to zero.

    Every layer has its own stream of draws, made on the CPU: the same seed gives the same mask on every device.

    Raises
    ------
    UserError
        If there is nothing to prune.
    """
    parent = parents[0]

    def score(weight: Weight) -> Tensor:
        units = weight.shape if parameters.granularity == "element" else (weight.channels,)
        draws = torch.Generator().manual_seed(int(digest([context.seed, weight.name])[:15], 16))
        return torch.rand(units, generator=draws).to(context.device)

    return Masking(parent, score, parameters, context.ticket).derive()
