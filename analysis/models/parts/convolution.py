"""Convolutions with batch norm, and what mobile networks make of them."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

Activation = Callable[[Tensor], Tensor]


class ConvNorm(nn.Module):
    """A convolution under ``0``, batch norm under ``1``, and an activation that has no tensors."""

    def __init__(
        self,
        before: int,
        after: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activation: Activation | None = None,
        epsilon: float = 1e-5,
    ) -> None:
        super().__init__()
        conv = nn.Conv2d(before, after, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False)
        self.add_module("0", conv)
        self.add_module("1", nn.BatchNorm2d(after, epsilon))
        self._activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, after, height / stride, width / stride)."""
        x = self.get_submodule("1")(self.get_submodule("0")(x))
        return self._activation(x) if self._activation else x


class SqueezeExcite(nn.Module):
    """Scales channels by what their averages say.

    J. Hu, L. Shen, G. Sun. Squeeze-and-Excitation Networks. CVPR 2018, figure 2.
    """

    def __init__(self, width: int, squeezed: int, activation: Activation, gate: Activation) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(width, squeezed, 1), nn.Conv2d(squeezed, width, 1)
        self._activation, self._gate = activation, gate

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, width, height, width)."""
        said = self._activation(self.fc1(F.adaptive_avg_pool2d(x, 1)))
        return x * self._gate(self.fc2(said))
