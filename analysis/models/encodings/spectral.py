"""Weights that are divided by their largest singular value: torch's spectral norm, as in evaluation mode."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..architecture import TensorSpec
from ..arithmetic import working_dtype
from .encoding import Encoding, parametrized
from .norms import is_weight

_ORIGINAL = "_orig"


def spectral(specs: Mapping[str, TensorSpec], settings: Mapping[str, Any]) -> Iterator[tuple[str, Encoding]]:
    """Yield W / (uᵀ W v) of every weight W with kept singular vectors u and v.

    Source: Miyato et al. 2018, Spectral Normalization for GANs, section 2.1; ``torch.nn.utils.spectral_norm`` and
    ``torch.nn.utils.parametrizations.spectral_norm``.
    """
    names = [name.removesuffix(_ORIGINAL) for name in specs if name.endswith(_ORIGINAL)]
    plain = ((name, (f"{name}{_ORIGINAL}", f"{name}_u", f"{name}_v")) for name in names if is_weight(name))
    for name, parts in (*plain, *parametrized(specs, "original", "0._u", "0._v")):
        if all(part in specs for part in parts) and _axes(*(specs[part].shape for part in parts)):
            yield name, Encoding("folded", "spectral norm: W / (uᵀ W v)", parts, specs[parts[0]], _divided)


def _axes(shape: tuple[int, ...], u: tuple[int, ...], v: tuple[int, ...]) -> list[int]:
    """Return which axes may be the rows of the matrix: outputs, the second of transposed convolutions."""
    size = TensorSpec(shape, torch.float32).size
    if len(u) != 1 or len(v) != 1 or u[0] * v[0] != size:
        return []
    return [axis for axis, side in enumerate(shape[:2]) if side == u[0]]


def _divided(parts: Sequence[Tensor]) -> Tensor:
    dtype = working_dtype(parts[0].dtype)
    weight, u, v = (part.to(dtype) for part in parts)
    axes = _axes(tuple(weight.shape), tuple(u.shape), tuple(v.shape))
    images = [weight.movedim(axis, 0).flatten(1) @ v for axis in axes]
    # Where both axes have the length of u, the right one is where u is the direction of the image of v.
    image = max(images, key=lambda image: float(torch.cosine_similarity(image, u, dim=0).nan_to_num()))
    return (weight / (u @ image)).to(parts[0].dtype)
