"""Number types that tensors are kept in, and those that they can be computed in."""

from functools import reduce

import torch
from torch import Tensor


def is_number(dtype: torch.dtype) -> bool:
    """Tell whether a dtype is of real or complex numbers, as trained values are."""
    return dtype.is_floating_point or dtype.is_complex


def working_dtype(*dtypes: torch.dtype) -> torch.dtype:
    """Return the dtype to compute in: it holds the values of all of them, and is float32 at least."""
    return reduce(torch.promote_types, map(_arithmetic, dtypes), torch.float32)


def computable(tensor: Tensor) -> Tensor:
    """Return the tensor itself, or in float32 if it is of a dtype of one byte, which has no arithmetic."""
    return tensor.to(_arithmetic(tensor.dtype))


def nonzeros(tensor: Tensor) -> int:
    """Return how many values are not zero."""
    return int(computable(tensor).count_nonzero())


def _arithmetic(dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if dtype.is_floating_point and dtype.itemsize == 1 else dtype
