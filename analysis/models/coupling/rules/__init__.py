"""What operations do to labels: one idea a file, each with a table of the operations that it knows."""

from collections.abc import Mapping
from typing import Any

import torch

from . import attention, contraction, convolution, lookup, moving, norms, pointwise, reduction
from .operation import Rule, unknown

_KNOWN = (attention, contraction, convolution, lookup, moving, norms, pointwise, reduction)
_RULES: Mapping[Any, Rule] = {operation: rule for module in _KNOWN for operation, rule in module.RULES.items()}


def rule_of(operation: Any) -> Rule:
    """Return what an operation of aten does to labels; that of one which nobody here knows locks them."""
    found = _RULES.get(operation.overloadpacket)
    if found is None and torch.Tag.pointwise in operation.tags:
        return pointwise.rule
    return found or unknown
