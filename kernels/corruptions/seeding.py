"""Random draws that belong to a sample: the same whatever the batch, the order and the run."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


def uniform(samples: Tensor, shape: tuple[int, ...], stream: int = 0) -> Tensor:
    """Return numbers strictly between 0 and 1, each a hash of its sample, its stream and its place.

    Parameters
    ----------
    samples : Tensor of int64, shape (n,)
        One seed a sample.
    shape : tuple of int
        Shape of one sample's draw.
    stream : int
        Tells apart the draws that one sample needs.

    Returns
    -------
    Tensor of float32, shape (n, *shape)
        On the device of the seeds, in steps of 2⁻²³.

    Source: Salmon et al. 2011, Parallel Random Numbers: As Easy as 1, 2, 3 (the idea of counters).
    """
    # Mixed one after the other: a plain xor would let a sample and a stream change places.
    keys = _mix(_mix(_mix(samples.int()) + (samples >> 32).int()) + stream)
    if samples.device.type != "cpu":
        return uniform_plain(keys, shape)
    from . import compiled

    drawn = torch.empty(len(samples), math.prod(shape))
    compiled.uniform(keys.numpy().view(np.uint32), drawn.numpy())
    return drawn.view(len(samples), *shape)


def uniform_plain(keys: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the numbers of `uniform`, hashed from the key of each sample, int32 of shape (n,), and their places."""
    keys = keys.unsqueeze(1)
    places = torch.arange(math.prod(shape), dtype=torch.int32, device=keys.device)
    bits = _mix(_mix(places + keys) ^ keys)
    return (((bits >> 9) & 0x7FFFFF).float() + 0.5).div_(2**23).reshape(len(keys), *shape)


def normal(samples: Tensor, shape: tuple[int, ...], stream: int = 0) -> Tensor:
    """Return standard normal numbers, by the inverse of their distribution; arguments as for `uniform`."""
    return uniform(samples, shape, stream).mul_(2).sub_(1).erfinv_().mul_(math.sqrt(2))


@dataclass(frozen=True)
class Draws:
    """What the corruptions draw from.

    Attributes
    ----------
    samples : Tensor of int64, shape (n,)
        One seed a sample.
    """

    samples: Tensor

    def uniform(self, *shape: int, stream: int = 0) -> Tensor:
        """Return numbers strictly between 0 and 1, float32 of shape (n, *shape)."""
        return uniform(self.samples, shape, stream)

    def normal(self, *shape: int, stream: int = 0) -> Tensor:
        """Return standard normal numbers, float32 of shape (n, *shape)."""
        return normal(self.samples, shape, stream)


def _mix(values: Tensor) -> Tensor:
    # A bijection of 32 bits. They are signed here: products wrap around as they should, shifts need their sign cleared.
    values = (values ^ ((values >> 16) & 0xFFFF)) * 0x7FEB352D
    values = (values ^ ((values >> 15) & 0x1FFFF)) * (0x846CA68B - (1 << 32))
    return values ^ ((values >> 16) & 0xFFFF)
