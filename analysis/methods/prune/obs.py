"""Remove weights one column after another, and let those that stay make up for it."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor

from ....kernels.surgeon import operated
from ...activations.sums import gram
from ...models import Checkpoint
from ...registry import parameter
from .. import METHODS, Derivative, MethodContext
from .layerwise import Layerwise, LayerwiseParameters


class ObsParameters(LayerwiseParameters):
    """Parameters of optimal brain surgery."""

    scope: Literal["row", "layer"] = parameter(
        "layer", "Compare the weights of each output with each other, or all of a layer's, in the columns together."
    )
    damping: float = parameter(
        0.01, "What is added to the diagonal of XᵀX, as a share of its mean.", unit="fraction", gt=0
    )
    width: int = parameter(128, "Columns for which it is decided together what goes; of N:M, M.", ge=1)

    def together(self) -> int:
        """Return for how many columns it is decided together."""
        return self.width if self.granularity == "element" else int(self.granularity.partition(":")[2])


@METHODS.register(
    "prune.obs",
    title="Optimal Brain Surgeon",
    citation="Frantar & Alistarh 2023, SparseGPT: Massive Language Models Can Be Accurately Pruned in One-Shot, "
    "arXiv:2301.00774; Hassibi & Stork 1992, Second order derivatives for network pruning: Optimal Brain Surgeon",
)
def obs(parents: Sequence[Checkpoint], parameters: ObsParameters, context: MethodContext) -> Derivative:
    """Remove the weights whose loss, once the others make up for it, changes a layer's outputs least.

    The cost of a weight is w² / [H⁻¹]ⱼⱼ, H = XᵀX of the layer's inputs in float64, damped. Of every group of columns
    the same share goes. Blocks are pruned one after another, each on what those before it give when they are
    pruned.

    Raises
    ------
    UserError
        If the network is not recognised, has nothing to prune, or numbers are not finite.
    """

    def cut(weight: Tensor, sums: Tensor) -> Tensor:
        return operated(weight, sums, parameters.gone, parameters.together(), parameters.damping)

    return Layerwise(parents[0], parameters, context, gram, cut).derive()
