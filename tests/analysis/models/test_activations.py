"""The memory of activations, counted by hand."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from graftwork.analysis.models.activations import peak_activations, peak_training


class Chain(nn.Module):
    """Widens, and narrows again."""

    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


def test_a_chain_holds_its_input_and_two_neighbours() -> None:
    inputs = torch.zeros(1, 10)
    # The caller holds the input; beside it lie the input and the output of the layer at work.
    assert peak_activations(Chain(10, 100, 30, 5), inputs) == 4 * (10 + 100 + 30)
    assert peak_activations(Chain(10, 20, 100, 300, 5), inputs) == 4 * (10 + 100 + 300)


def test_it_grows_with_the_batch_and_needs_no_memory_itself() -> None:
    with torch.device("meta"):
        network, inputs = Chain(10, 100, 30), torch.zeros(7, 10)
    assert peak_activations(network, inputs) == 7 * 4 * (10 + 100 + 30)


class InPlace(nn.Module):
    """Adds to what it was given twice over, and looks at it in another shape."""

    def forward(self, x: Tensor) -> Tensor:
        y = x + 1
        y.relu_()
        z = y.view(-1)[::2]
        return z.reshape(-1, 1).expand(-1, 8)


def test_views_and_changes_in_place_take_nothing() -> None:
    assert peak_activations(InPlace(), torch.zeros(1, 10)) == 4 * 20


def test_a_shortcut_keeps_its_input_alive() -> None:
    class Block(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            x = x + 0  # so that the block, not the caller, holds what it works on
            return (x + 1 + 1 + 1) + x

    class Straight(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + 1 + 1 + 1

    inputs = torch.zeros(1, 10)
    assert peak_activations(Block(), inputs) == peak_activations(Straight(), inputs) + 4 * 10


def test_training_holds_every_layers_input_until_it_has_gone_back() -> None:
    network, inputs = Chain(10, 100, 30, 5), torch.zeros(7, 10)
    weights = 10 * 100 + 100 * 30 + 30 * 5
    kept = 7 * (10 + 100 + 30 + 5)
    assert 4 * (kept + 30 * 5) < peak_training(network, inputs) < 4 * (2 * kept + weights)
    assert all(weight.grad is None for weight in network.parameters())


def test_what_training_keeps_is_what_autograd_saves() -> None:
    network = nn.Sequential(*(part for _ in range(6) for part in (nn.Linear(40, 40, bias=False), nn.Sigmoid())))
    saved: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        outputs = network(torch.zeros(500, 40))
    values = sum(saved.values()) - 5 * 4 * 40 * 40
    assert len(saved) == 5 + 7  # all weights but the first; the input and the outputs of the sigmoids
    peak = peak_training(network, torch.zeros(500, 40))
    one, weights = 4 * 500 * 40, 6 * 4 * 40 * 40
    assert values <= peak <= values + 4 * one + weights
    del outputs
