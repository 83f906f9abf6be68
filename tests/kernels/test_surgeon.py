"""Optimal brain surgery, against inverses taken anew and against any other weights of the same mask."""

import pytest
import torch
from torch import Tensor

from graftwork.kernels.rows import smallest_in_rows
from graftwork.kernels.surgeon import damped, operated, operated_reference, output_error


@pytest.fixture
def layer() -> tuple[Tensor, Tensor]:
    """Return weights (6, 10) and inputs (50, 10) that hang together, one of them always zero."""
    generator = torch.Generator().manual_seed(0)
    mixed = torch.randn(10, 10, generator=generator, dtype=torch.float64)
    inputs = torch.randn(50, 10, generator=generator, dtype=torch.float64) @ mixed
    inputs[:, 3] = 0
    return torch.randn(6, 10, generator=generator, dtype=torch.float64), inputs


def half(costs: Tensor) -> Tensor:
    return smallest_in_rows(costs, costs.shape[1] // 2)


@pytest.mark.parametrize("width", [1, 2, 4, 10, 99])
def test_what_stays_makes_up_for_what_goes(width: int, layer: tuple[Tensor, Tensor]) -> None:
    weight, inputs = layer
    gram = inputs.T @ inputs
    changed = operated(weight, gram, half, width)
    gone = changed == 0
    before = weight.clone()
    before[:, 3] = 0
    gone[:, 3] = (before[:, 3] == 0) & gone[:, 3]
    assert torch.allclose(changed, operated_reference(before, damped(gram, 0.01), gone), atol=1e-10)


def test_outputs_change_less_than_without_making_up(layer: tuple[Tensor, Tensor]) -> None:
    weight, inputs = layer
    gram = inputs.T @ inputs
    changed = operated(weight, gram, half)
    masked = torch.where(changed == 0, 0, weight)
    assert output_error(weight, changed, gram) < 0.8 * output_error(weight, masked, gram)


def test_the_error_is_that_of_the_outputs(layer: tuple[Tensor, Tensor]) -> None:
    weight, inputs = layer
    changed = weight + 0.1
    expected = torch.linalg.norm(inputs @ (weight - changed).T) / torch.linalg.norm(inputs @ weight.T)
    assert output_error(weight, changed, inputs.T @ inputs) == pytest.approx(float(expected))
    assert output_error(torch.zeros(2, 2), torch.ones(2, 2), torch.eye(2)) == 0


def test_nothing_gone_is_nothing_changed(layer: tuple[Tensor, Tensor]) -> None:
    weight, inputs = layer
    gram = inputs.T @ inputs + torch.eye(10, dtype=torch.float64)
    assert torch.equal(operated(weight, gram, lambda costs: torch.zeros_like(costs, dtype=torch.bool)), weight)
