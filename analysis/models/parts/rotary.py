"""Rotary positions: each pair of a head's channels is turned by an angle that grows with the token's place [1]_.

References
----------
.. [1] J. Su et al. RoFormer: Enhanced Transformer with Rotary Position Embedding. arXiv:2104.09864, section 3.4.2.
.. [2] S. Chen et al. Extending Context Window of Large Language Models via Positional Interpolation. arXiv:2306.15595.
.. [3] A. Grattafiori et al. The Llama 3 Herd of Models. arXiv:2407.21783, section 3.4.1.
"""

from collections.abc import Mapping
from math import pi
from typing import Any

import torch
from torch import Tensor

from ..settings import is_positive

_LLAMA3 = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
_FACTORS = {"linear": ("factor",), "llama3": _LLAMA3}


def is_scaling(value: Mapping[str, Any]) -> bool:
    """Tell a scaling that `rates` knows: none, a linear one, or that of Llama 3 with all of its factors."""
    factors = {key: value[key] for key in value if key != "rope_type"}
    known = {*_FACTORS.get(str(value.get("rope_type")), ())}
    if factors.keys() != known or not all(map(is_positive, factors.values())):
        return False
    return bool(factors.get("low_freq_factor", 0) < factors.get("high_freq_factor", 1))


def rates(head: int, theta: float, scaling: Mapping[str, Any], device: torch.device) -> Tensor:
    """Return the angle by which each pair of a head's channels turns from one token to the next, (head / 2,).

    Parameters
    ----------
    head : int
        Size of a head, even.
    theta : float
        The base: the slowest pair turns about ``theta`` times slower than the first.
    scaling : mapping of str to Any
        Empty for none; ``linear`` divides all rates by a factor [2]_, ``llama3`` only those whose wave is longer than a
        share of the length that was trained with, and those between the two shares in part [3]_.
    device : device
        Where they are needed.
    """
    plain: Tensor = theta ** (-torch.arange(0, head, 2, device=device, dtype=torch.float32) / head)
    if not scaling:
        return plain
    factor: float = scaling["factor"]
    if scaling["rope_type"] == "linear":
        return plain / factor
    _, low, high, length = (float(scaling[name]) for name in _LLAMA3)
    kept = ((length * plain / (2 * pi) - low) / (high - low)).clamp(0, 1)
    return plain * (kept + (1 - kept) / factor)


def rotate(x: Tensor, head: int, rates: Tensor) -> Tensor:
    """Turn each head's halves by the angles of its token's place, (n, tokens, heads · head).

    The halves are paired as in the Llama checkpoints of Hugging Face.
    """
    angles = torch.arange(x.shape[1], device=x.device, dtype=torch.float32)[:, None] * rates
    cos, sin = (torch.cat([part, part], -1)[:, None].to(x.dtype) for part in (angles.cos(), angles.sin()))
    heads = x.unflatten(2, (-1, head))
    first, second = heads.chunk(2, -1)
    turned: Tensor = heads * cos + torch.cat([-second, first], -1) * sin
    return turned.flatten(2)
