"""Mix at random: what every other merge has to beat."""

from collections.abc import Sequence

import numpy as np

from ...models import Checkpoint
from ...registry import Parameters, parameter
from .. import METHODS, Derivative, MethodContext
from .tensors import check_same_tensors, weighted_sum


class MixtureParameters(Parameters):
    """Parameters of a random mixture."""

    concentration: float = parameter(1.0, "Of the Dirichlet distribution; 1 is uniform, more is nearer to equal.", gt=0)


@METHODS.register(
    "merge.random",
    title="Random mixture",
    citation="Wortsman et al. 2022, Model soups, arXiv:2203.05482 (weights drawn instead of chosen)",
    parents="many",
    stochastic=True,
    fits=check_same_tensors,
)
def random(parents: Sequence[Checkpoint], parameters: MixtureParameters, context: MethodContext) -> Derivative:
    """Average the models' tensors with weights drawn from a Dirichlet distribution.

    Raises
    ------
    UserError
        If the models' tensors differ in name or shape, or a sum is beyond its dtype's range.
    """
    draw = np.random.default_rng(context.seed).dirichlet([parameters.concentration] * len(parents))
    return weighted_sum(parents, [float(share) for share in draw], context)
