"""Pooling: what is kept of a layer's values at many positions.

A pooling takes values (batch, channels, height, width), (batch, tokens, channels) or (batch, channels); how many of
each sample's tokens are real, (batch,), or None where all are; and how many tokens to keep.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ..errors import UserError

Pooling = Callable[[Tensor, Tensor | None, int], Tensor]


def mean(values: Tensor, lengths: Tensor | None, _: int) -> Tensor:
    """Average over positions, of sequences over their real tokens: (batch, channels)."""
    if values.ndim == 4:
        return values.mean((2, 3))
    if values.ndim == 3 and lengths is not None:
        real = torch.arange(values.shape[1], device=values.device) < lengths[:, None]
        return (values * real[..., None]).sum(1) / lengths.clamp(min=1)[:, None]
    return values.mean(1) if values.ndim == 3 else values


def flatten(values: Tensor, _: Tensor | None, __: int) -> Tensor:
    """Keep everything: (batch, channels · positions)."""
    return values.flatten(1)


def first(values: Tensor, _: Tensor | None, __: int) -> Tensor:
    """Keep the first token, which is the class token of vision transformers and encoders: (batch, channels)."""
    return _sequence(values, "class")[:, 0]


def last(values: Tensor, lengths: Tensor | None, _: int) -> Tensor:
    """Keep the last real token: (batch, channels)."""
    tokens = _sequence(values, "last")
    if lengths is None:
        return tokens[:, -1]
    return tokens[torch.arange(len(tokens), device=tokens.device), (lengths - 1).clamp(min=0)]


def tokens(values: Tensor, lengths: Tensor | None, budget: int) -> Tensor:
    """Keep ``budget`` positions, evenly spread over the real ones and repeated where there are fewer.

    The result is (batch, budget, channels); of feature maps, positions run row by row.
    """
    found = values.flatten(2).transpose(1, 2) if values.ndim == 4 else _sequence(values, "tokens")
    count = torch.full((len(found),), found.shape[1], device=found.device) if lengths is None else lengths
    share = torch.linspace(0, 1, budget, device=found.device) if budget > 1 else torch.zeros(1, device=found.device)
    places = (share * (count - 1).clamp(min=0)[:, None]).round().long()
    return found.gather(1, places[..., None].expand(-1, -1, found.shape[2]))


POOLINGS: Mapping[str, Pooling] = {"mean": mean, "flatten": flatten, "class": first, "last": last, "tokens": tokens}
"""Every pooling by the name that recipes use."""


def _sequence(values: Tensor, name: str) -> Tensor:
    if values.ndim != 3:
        raise UserError(
            f"Pooling '{name}' takes tokens, and a layer gives values of shape {tuple(values.shape[1:])} a sample.",
            "Choose 'mean' or 'flatten' for this layer.",
        )
    return values
