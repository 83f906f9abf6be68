"""JSON values out of whatever stands beside the tensors of a file."""

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor


def plain(value: Any) -> Any:
    """Return the value as JSON; None if it holds anything else, such as tensors or numbers that are not finite.

    A tensor of one number is that number.
    """
    try:
        return _plain(value)
    except TypeError:
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex():
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError("JSON has no such number")
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} is no JSON value")
