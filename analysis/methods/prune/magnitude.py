"""Remove what is small."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from ....kernels.masks import channel_norms
from ...models import Checkpoint, Weight
from ...models.arithmetic import working_dtype
from ...registry import parameter
from .. import METHODS, Derivative, MethodContext
from .masking import Masking, MaskParameters


class MagnitudeParameters(MaskParameters):
    """Parameters of magnitude pruning."""

    norm: Literal["l1", "l2"] = parameter(
        "l1", "What a channel is scored by: mean |w| or root mean square; single weights need none."
    )


@METHODS.register(
    "prune.magnitude",
    title="Magnitude",
    citation="Han et al. 2015, Learning both Weights and Connections for Efficient Neural Networks, arXiv:1506.02626",
    version=2,
)
def magnitude(parents: Sequence[Checkpoint], parameters: MagnitudeParameters, context: MethodContext) -> Derivative:
    """Set the weights of smallest magnitude to zero.

    Channels are compared by their typical weight (norm over size), so that wide layers do not win by width. Complex
    weights count by their magnitude.

    Raises
    ------
    UserError
        If there is nothing to prune, or a weight is not a number.
    """
    parent = parents[0]
    dtype = working_dtype(*(parent.specs[weight.name].dtype for weight in parent.weights()))

    def score(weight: Weight) -> Tensor:
        values = parent.tensor(weight.name).to(context.device, dtype)
        if parameters.granularity == "element":
            return values.abs()
        return channel_norms(weight.by_channel(values), 1 if parameters.norm == "l1" else 2)

    return Masking(parent, score, parameters, context.ticket).derive()
