"""Two thin layers in place of one: the first narrows to the rank, the second widens from it."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ....errors import UserError
from ...parts.attention import is_transposed

_LINEAR = (nn.Linear, nn.Conv2d)


class Factors(nn.Module):
    """``up(down(x))``.

    Attributes
    ----------
    down, up : Module
        Of a linear layer two linear ones, the first without a bias; of a convolution one of its kernel to ``rank``
        channels, and one of 1×1.
    """

    def __init__(self, down: nn.Module, up: nn.Module) -> None:
        super().__init__()
        self.down = down
        self.up = up

    def forward(self, x: Tensor) -> Tensor:
        """Return what the layer would, of its inputs."""
        widened: Tensor = self.up(self.down(x))
        return widened


def suits(layer: nn.Module) -> bool:
    """Tell whether a layer is one that can be two; those of groups are thin already."""
    return (type(layer) in _LINEAR or is_transposed(layer)) and getattr(layer, "groups", 1) == 1


def make(layer: nn.Module, options: Mapping[str, int]) -> nn.Module:
    """Return the factors of a layer; ``rank`` is among the options.

    Raises
    ------
    UserError
        If the layer is no linear layer and no convolution without groups.
    """
    if not suits(layer):
        raise UserError(
            f"A {type(layer).__name__} cannot be two factors.", "Choose linear layers and convolutions without groups."
        )
    rank = options["rank"]
    return _convolutions(layer, rank) if isinstance(layer, nn.Conv2d) else _linear(layer, rank)


def dense(layer: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the layer's tensors: the factors multiplied out, in float64, and the second one's bias."""
    down, up = (tensors[f"{part}.weight"].double() for part in ("down", "up"))
    weight = torch.einsum("or,r...->o...", up.flatten(1), down)
    bias = {"bias": tensors["up.bias"]} if "up.bias" in tensors else {}
    return {"weight": weight if isinstance(layer, nn.Linear | nn.Conv2d) else weight.T.contiguous()} | bias


def _linear(layer: nn.Module, rank: int) -> Factors:
    weight, bias = layer.get_parameter("weight"), getattr(layer, "bias", None)
    outputs, inputs = weight.shape if isinstance(layer, nn.Linear) else reversed(weight.shape)
    with torch.device(weight.device):
        down, up = nn.Linear(inputs, rank, bias=False), nn.Linear(rank, outputs, bias=bias is not None)
    return Factors(down.to(weight.dtype), up.to(weight.dtype))


def _convolutions(layer: nn.Conv2d, rank: int) -> Factors:
    with torch.device(layer.weight.device):
        down = nn.Conv2d(
            layer.in_channels,
            rank,
            _pair(layer.kernel_size),
            _pair(layer.stride),
            layer.padding if isinstance(layer.padding, str) else _pair(layer.padding),
            _pair(layer.dilation),
            bias=False,
            padding_mode=layer.padding_mode,
        )
        up = nn.Conv2d(rank, layer.out_channels, 1, bias=layer.bias is not None)
    return Factors(down.to(layer.weight.dtype), up.to(layer.weight.dtype))


def _pair(sides: tuple[int, ...]) -> tuple[int, int]:
    first, second = sides
    return first, second
