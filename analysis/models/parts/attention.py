"""Attention and what goes with it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    head: int,
    mask: Tensor | None = None,
    *,
    bias: Tensor | None = None,
    causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """Return what every token gathers, (n, tokens, width of q).

    Parameters
    ----------
    q, k, v : Tensor, shape (n, tokens, heads · head)
        Keys and values may have fewer heads, each of which serves several queries.
    head : int
        Size of a head.
    mask : Tensor of bool or None, shape (n, tokens)
        Which tokens may be looked at.
    bias : Tensor or None, shape (n or 1, heads, tokens, tokens)
        What is added to the scores, in place of a mask; of bool, which pairs count.
    causal : bool
        Whether a token looks at itself and those before it alone.
    scale : float or None
        What scores are multiplied by; None for one over the root of a head's size.
    """
    q, k, v = (part.unflatten(2, (-1, head)).transpose(1, 2) for part in (q, k, v))
    seen = bias if mask is None else mask[:, None, None, :]
    groups = q.shape[1] // k.shape[1]
    if groups > 1:
        k, v = (part.repeat_interleave(groups, 1) for part in (k, v))
    out: Tensor = F.scaled_dot_product_attention(q, k, v, attn_mask=seen, is_causal=causal, scale=scale)
    return out.transpose(1, 2).flatten(2)


def looking_back(x: Tensor, window: int) -> Tensor:
    """Return which pairs count where each of the tokens (n, tokens, …) sees itself and those before, ``window`` in all.

    Shape (1, 1, tokens, tokens).
    """
    places = torch.arange(x.shape[1], device=x.device)
    back = places[:, None] - places
    return ((back >= 0) & (back < window))[None, None]


class Transposed(nn.Module):
    """A linear layer whose weight is kept as (inputs, outputs), as GPT-2 does."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs) * 0.02)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return (…, outputs) from (…, inputs)."""
        return x @ self.weight + self.bias


def is_transposed(layer: nn.Module) -> bool:
    """Tell such a layer, ours or transformers', which is not imported for it."""
    theirs = type(layer).__name__ == "Conv1D" and type(layer).__module__.startswith("transformers.")
    return theirs or type(layer) is Transposed


class Tied(nn.Module):
    """The last layer of a language model that has no weights of its own: the embedding's, turned round."""

    def __init__(self, embedding: nn.Embedding) -> None:
        super().__init__()
        object.__setattr__(self, "_embedding", embedding)  # not registered: the tensors are counted once

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, tokens, vocabulary) of (n, tokens, width)."""
        embedding: nn.Embedding = self.__dict__["_embedding"]
        return F.linear(x, embedding.weight)


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Average tokens (n, tokens, width) over those in the mask (n, tokens)."""
    real = mask[..., None].to(x.dtype)
    return (x * real).sum(1) / real.sum(1).clamp(min=1)
