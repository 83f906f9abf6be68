"""Weights that are kept as a length and a direction: torch's weight norm."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..architecture import TensorSpec
from ..arithmetic import working_dtype
from .encoding import Encoding, parametrized

_LENGTH, _DIRECTION = "_g", "_v"


def normalised(specs: Mapping[str, TensorSpec], settings: Mapping[str, Any]) -> Iterator[tuple[str, Encoding]]:
    """Yield g · v / ‖v‖ of every length g and direction v, in both of the ways that torch keeps them.

    Source: Salimans and Kingma 2016, Weight Normalization, equation 2; ``torch.nn.utils.weight_norm`` and
    ``torch.nn.utils.parametrizations.weight_norm``.
    """
    names = [name.removesuffix(_LENGTH) for name in specs if name.endswith(_LENGTH)]
    plain = ((name, (f"{name}{_LENGTH}", f"{name}{_DIRECTION}")) for name in names if is_weight(name))
    for name, parts in (*plain, *parametrized(specs, "original0", "original1")):
        length, direction = map(specs.get, parts)
        if length and direction and _fit(length.shape, direction.shape):
            yield name, Encoding("folded", "weight norm: g · v / ‖v‖", parts, direction, _scaled)


def is_weight(name: str) -> bool:
    """Tell whether a tensor's own name is that of a weight: ``weight``, ``weight_hh_l0``, ``in_proj_weight``."""
    return "weight" in name.rpartition(".")[2]


def _fit(length: tuple[int, ...], direction: tuple[int, ...]) -> bool:
    """Tell whether there is one length for all, or one for each slice along one axis."""
    alike = len(length) == len(direction) and all(a in (1, b) for a, b in zip(length, direction, strict=True))
    return not length or (alike and sum(side > 1 for side in length) <= 1)


def _scaled(parts: Sequence[Tensor]) -> Tensor:
    dtype = working_dtype(parts[1].dtype)
    length, direction = (part.to(dtype) for part in parts)
    axes = [axis for axis, side in enumerate(length.shape) if side == 1]
    norm = torch.linalg.vector_norm(direction, dim=axes or None, keepdim=bool(axes))
    whole: Tensor = direction * (length / norm)
    return whole.to(parts[1].dtype)
