"""JSON values out of whatever stands beside the tensors of a file."""

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor


def plain(value: Any) -> Any:
    """Return the value as JSON; None if it holds anything else, such as tensors or numbers that are not finite.

    A tensor of one number is that number.
    """
    if isinstance(value, Tensor):
        return plain(value.item()) if value.numel() == 1 and not value.is_complex() else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return _whole({str(key): plain(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        items = [plain(item) for item in value]
        return None if None in items else items
    return None


def _whole(table: dict[str, Any]) -> dict[str, Any] | None:
    return None if None in table.values() else table
