"""Average the weights of several models."""

from collections.abc import Sequence

from ...errors import UserError
from ...models import Checkpoint
from ...registry import Parameters, parameter
from .. import METHODS, Derivative, MethodContext
from .tensors import check_same_tensors, weighted_sum


class LinearParameters(Parameters):
    """Parameters of a linear merge."""

    weights: tuple[float, ...] = parameter((), "Weight of each model in order; none means equal weights.")
    normalise: bool = parameter(True, "Divide the weights by their sum.")


@METHODS.register(
    "merge.linear",
    title="Linear average",
    citation="Wortsman et al. 2022, Model soups, arXiv:2203.05482",
    parents="many",
    fits=check_same_tensors,
)
def linear(parents: Sequence[Checkpoint], parameters: LinearParameters, context: MethodContext) -> Derivative:
    """Add the models' tensors, each model with its weight: Σ w_i θ_i.

    Raises
    ------
    UserError
        If the models' tensors differ in name or shape, the weights do not fit the models, or a sum is beyond the range
        of its dtype or a variance below zero.
    """
    return weighted_sum(parents, _shares(parameters, len(parents)), context)


def _shares(parameters: LinearParameters, models: int) -> list[float]:
    weights = list(parameters.weights) or [1.0] * models
    if len(weights) != models:
        raise UserError(
            f"merge.linear: there are {len(weights)} weights for {models} models.", "Give one weight for each model."
        )
    if not parameters.normalise:
        return weights
    total = sum(weights)
    if total == 0:
        raise UserError("merge.linear: the weights add up to 0.", "Change a weight, or set normalise to false.")
    return [weight / total for weight in weights]
