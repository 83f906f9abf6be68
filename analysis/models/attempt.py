"""A network tried on inputs, where no statement of its own says what it takes."""

import warnings

import torch
from torch import Tensor, nn

_SHOWN = 160  # characters of what code says


def failure(network: nn.Module, inputs: Tensor) -> str | None:
    """Return the first line of what a network raises of inputs; None where it runs."""
    device = next((parameter.device for parameter in network.parameters()), inputs.device)
    try:
        with torch.inference_mode(), warnings.catch_warnings(action="ignore"):
            network(inputs.to(device))
    except Exception as error:  # noqa: BLE001 - whatever code that is not ours raises
        return (str(error).strip().splitlines() or [type(error).__name__])[0][:_SHOWN]
    return None
