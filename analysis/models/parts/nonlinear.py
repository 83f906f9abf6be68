"""Activations by the names that configurations give them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_tanh_gelu = partial(F.gelu, approximate="tanh")


def _quick_gelu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(1.702 * x)


def _as_it_is(x: Tensor) -> Tensor:
    return x


ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    **dict.fromkeys(("gelu", "gelu_python"), F.gelu),
    **dict.fromkeys(("gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate", "gelu_tanh"), _tanh_gelu),
    **dict.fromkeys(("silu", "swish"), F.silu),
    "quick_gelu": _quick_gelu,
    "relu": F.relu,
    "relu6": F.relu6,
    "elu": F.elu,
    "mish": F.mish,
    "tanh": F.tanh,
    "sigmoid": F.sigmoid,
    "identity": _as_it_is,
}
"""Those of transformers and timm, and torch's under its own names."""


RELU, RELU6 = ("relu", "ReLU"), ("relu6", "ReLU6")
GELU, SILU = ("gelu", "GELU"), ("silu", "SiLU", "swish", "Swish")


def called(name: str) -> str:
    """Return an activation's name as it is known here: of ``nn.ReLU()``, ``relu``."""
    return name.rpartition(".")[2].removesuffix("()").lower()


def is_activation(value: Any) -> bool:
    """Tell the name of an activation."""
    return isinstance(value, str) and called(value) in ACTIVATIONS


def usual_name(name: str) -> str:
    """Return the first of the names that an activation has."""
    return next(first for first, function in ACTIVATIONS.items() if function is activation(name))


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """Return an activation by its name, however that is written."""
    return ACTIVATIONS[called(name)]
