"""What every pruning by masks shares: from scores to a checkpoint with zeros."""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

from ....kernels.masks import Scope, masks
from ...jobs.protocol import Ticket
from ...models import Checkpoint
from .. import Derivative

Granularity = Literal["element", "channel"]


def masked(
    parent: Checkpoint, score: Callable[[str, Tensor], Tensor], amount: float, scope: Scope, ticket: Ticket
) -> Derivative:
    """Return the parent with the lowest-scored share of its prunable weights at zero.

    Parameters
    ----------
    parent : Checkpoint
        Its `weights` are pruned; all else stays.
    score : callable
        Gives one score for each element, or for each output channel, of a weight of that name.
    amount, scope : float, str
        See `graftwork.kernels.masks.masks`.
    ticket : Ticket
        Progress by tensor.
    """
    names = parent.weights()
    scores: dict[str, Tensor] = {}
    for done, name in enumerate(names):
        ticket.progress(done, len(names), name)
        scores[name] = score(name, parent.tensor(name).float())
    keep = masks(scores, amount, scope)

    def tensor(name: str) -> Tensor:
        weight = parent.tensor(name)
        return torch.where(_spread(keep[name], weight), weight, 0) if name in keep else weight

    return Derivative(parent.specs, tensor, {"kept": _kept(keep)})


def _spread(mask: Tensor, weight: Tensor) -> Tensor:
    return mask if mask.shape == weight.shape else mask.view(-1, *(1,) * (weight.ndim - 1)).expand_as(weight)


def _kept(keep: Mapping[str, Tensor]) -> dict[str, float]:
    return {name: float(mask.float().mean()) for name, mask in keep.items()}
