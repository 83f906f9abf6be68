"""Multiply-accumulates of every family, by hand."""

from collections.abc import Mapping
from math import prod
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.models import TensorSpec
from graftwork.analysis.models.families import build, recognise
from graftwork.analysis.models.macs import macs

from .networks import FAMILIES, built

TEXT = 9  # tokens


def attention(blocks: int, queries: int, keys: int, width: int) -> int:
    """Return what the two products of attention take: of each query with each key, and of each weight with a value."""
    return blocks * 2 * queries * keys * width


# What is not a convolution or a linear layer.
FURTHER: Mapping[str, int] = {
    "vit": attention(2, 5, 5, 128),  # four patches and the class token
    "swin": attention(2, 64, 4, 32) + attention(2, 16, 4, 64),  # each query sees the four of its window
    "gpt2": attention(2, TEXT, TEXT, 128),  # what the mask hides is computed as well
    "llama": attention(2, TEXT, TEXT, 128),
    "bert": attention(2, TEXT, TEXT, 128),
    "recurrent": TEXT * (4 * 5 * (6 + 5) + 4 * 5 * (5 + 5)),  # four gates of 5, of inputs and state
    "recurrent, GRU": TEXT * 3 * 5 * (6 + 5),
}


def of_layers(network: nn.Module, x: Tensor) -> int:
    """Return what convolutions and linear layers take: each puts all of its weight to use at every place it gives."""
    counts = []

    def count(layer: Any, _: Any, outputs: Tensor) -> None:
        places = prod(outputs.shape[2:]) if isinstance(layer, nn.Conv2d) else prod(outputs.shape[:-1])
        counts.append(places * layer.weight.numel())

    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear) or type(m).__name__ == "Conv1D"]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    with torch.inference_mode():
        network(x)
    for hook in hooks:
        hook.remove()
    return sum(counts)


@pytest.mark.parametrize("family", FAMILIES)
def test_they_are_those_of_the_librarys_network_by_hand_with_and_without_values(family: str) -> None:
    published = built(family)
    x = published.x[:1]
    expected = of_layers(published.module, x) + FURTHER.get(family, 0)
    specs = {name: TensorSpec(tuple(t.shape), t.dtype) for name, t in published.module.state_dict().items()}
    architecture = recognise(specs, FAMILIES[family].told or {})
    assert architecture is not None
    network = build(architecture)
    assert macs(network, x) == expected
    assert macs(network.to("meta"), x) == expected
