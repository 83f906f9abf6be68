"""Weights that a mask was laid over: torch.nn.utils.prune's, and torch.ao.pruning's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor

from ..architecture import TensorSpec
from ..arithmetic import computable
from .encoding import Encoding, parametrized

_ORIGINAL, _MASK = "_orig", "_mask"


def masked(specs: Mapping[str, TensorSpec], settings: Mapping[str, Any]) -> Iterator[tuple[str, Encoding]]:
    """Yield the product of every ``WEIGHT_orig`` and ``WEIGHT_mask``.

    Source: ``BasePruningMethod.apply_mask`` of torch.nn.utils.prune; ``FakeSparsity`` of torch.ao.pruning.
    """
    names = [name.removesuffix(_ORIGINAL) for name in specs if name.endswith(_ORIGINAL)]
    plain = ((name, (f"{name}{_ORIGINAL}", f"{name}{_MASK}")) for name in names)
    for name, (original, mask) in (*plain, *parametrized(specs, "original", "0.mask")):
        if mask in specs and specs[mask].shape == specs[original].shape:
            yield name, Encoding("folded", "pruning: weight × mask", (original, mask), specs[original], _product)


def _product(parts: Sequence[Tensor]) -> Tensor:
    original, mask = parts
    return (computable(original) * computable(mask)).to(original.dtype)
