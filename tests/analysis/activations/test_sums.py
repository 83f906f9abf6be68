"""What layers are given, as rows: a layer is its matrix times them."""

from collections.abc import Mapping

import pytest
import torch
from torch import nn

from graftwork.analysis.activations import Batch, sums
from graftwork.analysis.activations.inputs import rows
from graftwork.analysis.activations.watching import settled, watched
from graftwork.analysis.models.counted import weights_of
from graftwork.analysis.models.parts.attention import Transposed

LAYERS: Mapping[str, tuple[nn.Module, tuple[int, ...]]] = {
    "linear": (nn.Linear(5, 4), (3, 5)),
    "linear on tokens": (nn.Linear(5, 4), (3, 7, 5)),
    "transposed": (Transposed(5, 4), (3, 7, 5)),
    "convolution": (nn.Conv2d(3, 4, 3), (2, 3, 8, 9)),
    "convolution with strides": (nn.Conv2d(3, 4, (3, 2), (2, 1), (1, 2), (1, 2)), (2, 3, 8, 9)),
    "convolution of the same size": (nn.Conv2d(3, 4, 3, padding="same"), (2, 3, 8, 9)),
    "valid convolution": (nn.Conv2d(3, 4, 3, padding="valid"), (2, 3, 8, 9)),
    "circular convolution": (nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"), (2, 3, 8, 9)),
    "reflecting convolution": (nn.Conv2d(3, 4, 3, padding=2, padding_mode="reflect"), (2, 3, 8, 9)),
    "convolution in groups": (nn.Conv2d(6, 4, 3, padding=1, groups=2), (2, 6, 8, 9)),
    "depthwise convolution": (nn.Conv2d(6, 6, 3, groups=6), (2, 6, 8, 9)),
    "convolution along a line": (nn.Conv1d(3, 4, 3, 2, 1, 2), (2, 3, 12)),
    "convolution along a line of the same size": (nn.Conv1d(3, 4, 5, padding="same"), (2, 3, 12)),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_is_its_matrix_times_its_rows(kind: str) -> None:
    layer, shape = LAYERS[kind]
    x = torch.randn(shape)
    (weight,) = weights_of(layer)
    matrix = weight.matrix(layer.get_parameter("weight"))
    with torch.no_grad():
        given = rows(layer, x, None)
        parts = [group @ part.T for group, part in zip(given, matrix.chunk(len(given)), strict=True)]
        expected = layer(x)
        channel = 1 if isinstance(layer, nn.Conv1d | nn.Conv2d) else -1
        bias = layer.get_parameter("bias")
        assert torch.allclose(
            torch.cat(parts, 1) + bias, expected.movedim(channel, -1).reshape(-1, 4 if len(bias) == 4 else 6), atol=1e-5
        )


def test_padding_does_not_count() -> None:
    network, x = nn.Sequential(nn.Linear(5, 4)), torch.randn(3, 7, 5)
    real = torch.arange(7) < torch.tensor([[7], [2], [4]])
    gram, squares = sums.gram("0"), sums.squares("0")
    with watched(network, [gram, squares]), settled([gram, squares], Batch(x, real)):
        network(x)
    given = x[real].double()
    assert torch.allclose(gram.total(), (given.T @ given)[None])  # type: ignore[arg-type]
    assert torch.allclose(squares.total(), given.square().sum(0)[None])  # type: ignore[arg-type]
    assert gram.count == 13


def test_a_batch_that_fails_leaves_nothing_behind() -> None:
    network, x = nn.Sequential(nn.Linear(5, 4), nn.Linear(5, 5)), torch.randn(3, 5)
    gram = sums.gram("0")
    with watched(network, [gram]):
        with pytest.raises(RuntimeError), settled([gram], Batch(x)):
            network(x)
        assert gram.total() is None
    assert not network[0]._forward_pre_hooks
