"""Networks that look at a sample's own tokens alone, and what they take for padding."""

from torch import nn

MASKED = "masked_token"
"""The attribute of such a network that holds the token; None where every token counts."""


def masking(network: nn.Module, pad: int | None) -> nn.Module:
    """Let a network that masks padding take for it what the data are filled up with, and nothing else."""
    if hasattr(network, MASKED):
        setattr(network, MASKED, pad)
    return network
