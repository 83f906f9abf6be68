"""Remove what is small times what it is multiplied with."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...activations.sums import squares
from ...models import Checkpoint
from .. import METHODS, Derivative, MethodContext
from .layerwise import Layerwise, LayerwiseParameters


class WandaParameters(LayerwiseParameters):
    """Parameters of pruning by weights and activations."""


@METHODS.register(
    "prune.wanda",
    title="Wanda",
    citation="Sun et al. 2024, A Simple and Effective Pruning Approach for Large Language Models, arXiv:2306.11695",
)
def wanda(parents: Sequence[Checkpoint], parameters: WandaParameters, context: MethodContext) -> Derivative:
    """Set the weights of smallest |w| · ‖x‖ to zero, in every row of a layer's matrix the same share.

    ‖x‖ is the length of a weight's input over all samples and places; blocks are pruned one after another, each on what
    those before it give when they are pruned. Of convolutions a row is an output channel, and every place of the kernel
    has an input of its own. Layers are in float64, and whatever else is as the network computes it.

    Raises
    ------
    UserError
        If the network is not recognised, has nothing to prune, or numbers are not finite.
    """

    def cut(weight: Tensor, sums: Tensor) -> Tensor:
        return torch.where(parameters.gone(weight.abs() * sums.sqrt()), 0, weight)

    return Layerwise(parents[0], parameters, context, squares, cut).derive()
