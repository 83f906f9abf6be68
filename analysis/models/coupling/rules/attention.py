"""Attention in one operation: whole heads of queries, keys and values go together."""

import torch

from ..colours import Colours, whole
from .operation import Operation, unknown
from .pointwise import met


def rule(operation: Operation) -> list[Colours]:
    """Join the heads of queries, keys, values and what is added to their scores, (…, heads, tokens, width) each."""
    parts = [*operation.args[:3], operation.argument(3, "attn_bias"), operation.kwargs.get("attn_mask")]
    operands = []
    for part in parts:
        if isinstance(part, torch.Tensor):
            ends = range(part.ndim - 2, part.ndim)
            shape = (*part.shape[:-2], 1, 1)
            operands.append((shape, whole(operation.labels, operation.of(part), ends)))
    if len({shape[-3] for shape, _ in operands} - {1}) > 1:  # keys that several queries share, inside the operation
        return unknown(operation)
    agreed: Colours = met(operation.labels, operands)
    return [agreed, *[()] * (len(operation.outputs) - 1)]


_aten = torch.ops.aten
RULES = dict.fromkeys(
    (
        _aten.scaled_dot_product_attention,
        _aten._scaled_dot_product_flash_attention_for_cpu,
        _aten._scaled_dot_product_fused_attention_overrideable,
        _aten._scaled_dot_product_flash_attention,
        _aten._scaled_dot_product_efficient_attention,
    ),
    rule,
)
