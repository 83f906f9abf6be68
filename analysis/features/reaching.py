"""What reaches the first layer of a network that may prepare its inputs itself."""

from contextlib import ExitStack, suppress
from typing import Any

import torch
from torch import Tensor, nn

_NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


class _Reached(Exception):  # noqa: N818 - the end of a pass, not an error
    def __init__(self, layer: nn.Module, inputs: Any) -> None:
        super().__init__()
        self.layer, self.inputs = layer, inputs


def reaching(network: nn.Module, inputs: Tensor) -> Tensor | None:
    """Return the values that the first layer with weights gets, of any shape; None where that layer normalises them.

    A network that cannot be run is taken to leave its inputs as they are: its trial says why.
    """
    with ExitStack() as hooks, torch.no_grad(), suppress(Exception):  # whatever a person's own code raises
        for layer in network.modules():
            if next(layer.parameters(recurse=False), None) is not None and not any(True for _ in layer.children()):
                hooks.enter_context(layer.register_forward_pre_hook(_stop, with_kwargs=True))
        try:
            network.eval()(inputs)
        except _Reached as reached:
            return None if isinstance(reached.layer, _NORMS) else reached.inputs
    return inputs


def _stop(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    inputs = next((value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)), None)
    if inputs is not None:
        raise _Reached(layer, inputs)
