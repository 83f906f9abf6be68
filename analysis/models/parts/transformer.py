"""Layers that networks on the patches of images share."""

from torch import Tensor, nn

from .attention import attend
from .nonlinear import activation as named


class Attention(nn.Module):
    """Self-attention; queries, keys and values come from one linear map, in this order."""

    def __init__(self, dim: int, inner: int, head_dim: int) -> None:
        super().__init__()
        self.head_dim = head_dim
        self.qkv = nn.Linear(dim, 3 * inner)
        self.proj = nn.Linear(inner, dim)

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return what each of the tokens (n, tokens, dim) gathers from all of them; ``bias`` as `attend` takes it."""
        q, k, v = self.qkv(x).chunk(3, -1)
        gathered: Tensor = self.proj(attend(q, k, v, self.head_dim, bias=bias))
        return gathered


class Perceptron(nn.Module):
    """Two linear layers, under ``names``, with an activation between them."""

    def __init__(
        self, dim: int, hidden: int, names: tuple[str, str] = ("fc1", "fc2"), activation: str = "gelu"
    ) -> None:
        super().__init__()
        self._activation = named(activation)
        self._names = names
        self.add_module(names[0], nn.Linear(dim, hidden))
        self.add_module(names[1], nn.Linear(hidden, dim))

    def forward(self, x: Tensor) -> Tensor:
        """Return what the last axis, of length dim, is mapped to."""
        widen, narrow = map(self.get_submodule, self._names)
        mapped: Tensor = narrow(self._activation(widen(x)))
        return mapped
