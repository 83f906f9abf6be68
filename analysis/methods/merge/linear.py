"""Average the weights of several models."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...errors import UserError
from ...models import Checkpoint
from ...registry import Parameters, parameter
from .. import METHODS, Derivative, MethodContext
from .tensors import check_same_tensors, is_mergeable, working_dtype


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

    The sum is formed in float32 or better and has the first model's dtype; tensors that are not floating point, such
    as batch counters, are the first model's.

    Raises
    ------
    UserError
        If the models' tensors differ in name or shape, or the weights do not fit the models.
    """
    shares = _shares(parameters, len(parents))
    first = parents[0]

    def tensor(name: str) -> Tensor:
        context.ticket.check()
        spec = first.specs[name]
        if not is_mergeable(spec):
            return first.tensor(name)
        dtype = working_dtype(name, parents)
        total = torch.zeros(spec.shape, dtype=dtype, device=context.device)
        for parent, share in zip(parents, shares, strict=True):
            total.add_(parent.tensor(name).to(context.device, dtype), alpha=share)
        return total.to("cpu", spec.dtype)

    taken = [name for name, spec in first.specs.items() if not is_mergeable(spec)]
    return Derivative(first.specs, tensor, {"weights": shares, "taken_from_first": taken})


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
