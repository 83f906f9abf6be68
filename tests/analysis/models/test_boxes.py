"""Interval bounds: they hold everywhere in the box, and are exact where they must be."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.models.boxes import Box, output_box

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"


def _around(inputs: Tensor, radius: float) -> Box:
    return Box(inputs - radius, inputs + radius)


def _convolutional() -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(2, 6, 3, stride=2, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 6, 3, groups=3, padding="same", padding_mode="reflect"),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 4),
    )
    norm = network[1]
    assert isinstance(norm, nn.BatchNorm2d)
    for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        assert tensor is not None
        tensor.data.uniform_(-1, 1)
    assert norm.running_var is not None
    norm.running_var.abs_()
    return network.eval()


def _holds(network: nn.Module, inputs: Tensor, radius: float) -> None:
    box = output_box(network, _around(inputs, radius))
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        for _ in range(50):
            corner = torch.rand(inputs.shape, generator=generator).round() * 2 - 1
            outputs = network(inputs + radius * corner)
            assert (outputs >= box.lower - 1e-4).all()
            assert (outputs <= box.upper + 1e-4).all()
        outputs = network(inputs)
    assert (box.lower < outputs).all()
    assert (outputs < box.upper).all()


def test_bounds_hold_everywhere_in_the_box() -> None:
    _holds(_convolutional(), torch.randn(3, 2, 8, 8, generator=torch.Generator().manual_seed(1)), 0.1)


def test_bounds_hold_for_a_residual_network() -> None:
    checkpoint = open_checkpoint(DEMO / "digits-resnet8.safetensors")
    assert checkpoint.architecture
    _holds(checkpoint.network(), checkpoint.architecture.example(2), 0.01)


def test_a_box_of_no_size_gives_the_outputs() -> None:
    network, inputs = _convolutional(), torch.randn(3, 2, 8, 8)
    box = output_box(network, _around(inputs, 0.0))
    torch.testing.assert_close(box.lower, network(inputs).detach())
    torch.testing.assert_close(box.upper, box.lower)


def test_one_linear_layer_has_exact_bounds_and_two_have_those_of_their_magnitudes() -> None:
    first, second = nn.Linear(5, 7).double(), nn.Linear(7, 3).double()
    inputs = torch.randn(2, 5).double()
    one = output_box(nn.Sequential(first), _around(inputs, 0.2))
    torch.testing.assert_close(one.upper - one.lower, (0.4 * first.weight.abs().sum(1)).detach().expand(2, -1))
    two = output_box(nn.Sequential(first, second), _around(inputs, 0.2))
    width = 0.4 * (second.weight.abs() @ first.weight.abs()).sum(1)
    torch.testing.assert_close(two.upper - two.lower, width.detach().expand(2, -1))


def test_what_works_in_place_does_so_on_whatever_shares_its_memory() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x: Tensor) -> Any:
            before = x.flatten(1)
            return before + self.relu(x)

    inputs = torch.randn(4, 3)
    box = _around(inputs, 0.5)
    found = output_box(Block(), box)
    torch.testing.assert_close(found.lower, Block()(inputs - 0.5))
    torch.testing.assert_close(found.upper, Block()(inputs + 0.5))
    torch.testing.assert_close(box.lower, inputs - 0.5)


@pytest.mark.parametrize("layer", [nn.LayerNorm(5), nn.GELU(), nn.BatchNorm1d(5, track_running_stats=False)])
def test_what_has_no_bounds_is_refused(layer: nn.Module) -> None:
    with pytest.raises(UserError, match="no interval bounds"):
        output_box(nn.Sequential(nn.Linear(5, 5), layer), _around(torch.zeros(2, 5), 0.1))


def test_multiplying_two_boxes_is_refused() -> None:
    class Square(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * x

    class Fork(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if x.sum() > 0 else -x

    with pytest.raises(UserError, match="with mul"):
        output_box(Square(), _around(torch.zeros(2, 5), 0.1))
    with pytest.raises(UserError, match="depend on its inputs"):
        output_box(Fork(), _around(torch.zeros(2, 5), 0.1))
