"""Weights that a mask was laid over, as torch.nn.utils.prune keeps them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from ..architecture import TensorSpec
from ..arithmetic import computable
from .encoding import Encoding

_ORIGINAL, _MASK = "_orig", "_mask"


def masked(specs: Mapping[str, TensorSpec], settings: Mapping[str, Any]) -> Iterator[tuple[str, Encoding]]:
    """Yield the product of every ``WEIGHT_orig`` and ``WEIGHT_mask``.

    Source: ``BasePruningMethod.apply_mask`` of torch.nn.utils.prune.
    """
    for original in specs:
        name = original.removesuffix(_ORIGINAL)
        mask = f"{name}{_MASK}"
        if name != original and mask in specs and specs[mask].shape == specs[original].shape:
            yield name, Encoding("folded", "pruning: weight × mask", (original, mask), specs[original], _product)


def _product(parts: Sequence[Tensor]) -> Tensor:
    original, mask = parts
    return (computable(original) * computable(mask)).to(original.dtype)
