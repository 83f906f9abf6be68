"""Curvature against the whole Hessian."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from graftwork.kernels.curvature import filter_direction, hessian_product, top_eigenvalue, trace_samples

POINT = [torch.randn(3, 2, generator=torch.Generator().manual_seed(1)).double(), torch.tensor([0.3, -0.7]).double()]


def _loss(parameters: Sequence[Tensor]) -> Any:
    weight, bias = parameters
    return ((weight @ bias).tanh() * torch.arange(1.0, 4.0)).sum().exp() + (weight**4).sum()


def _hessian() -> Tensor:
    flat = torch.cat([part.flatten() for part in POINT])
    function: Callable[[Tensor], Tensor] = lambda x: _loss([x[:6].view(3, 2), x[6:]])  # noqa: E731
    dense: Any = torch.autograd.functional.hessian(function, flat)
    return torch.as_tensor(dense)


def test_products_are_those_of_the_whole_hessian() -> None:
    vector = [torch.randn_like(part) for part in POINT]
    found = torch.cat([part.flatten() for part in hessian_product(_loss, POINT)(vector)])
    torch.testing.assert_close(found, _hessian() @ torch.cat([part.flatten() for part in vector]))


def test_linear_functions_and_unused_parameters_have_no_curvature() -> None:
    product = hessian_product(lambda parameters: parameters[1].sum(), POINT)
    assert all(not part.any() for part in product([torch.ones_like(part) for part in POINT]))


def test_the_trace_is_estimated_without_bias() -> None:
    product = hessian_product(_loss, POINT)
    samples = list(trace_samples(product, POINT, 600, 0))
    error = float(np.std(samples)) / 600**0.5
    assert np.mean(samples) == pytest.approx(float(_hessian().trace()), abs=4 * error)
    assert error < 0.2 * float(_hessian().trace())


def test_one_probe_is_enough_for_a_diagonal_hessian() -> None:
    product = hessian_product(lambda p: (p[0] ** 2).sum() + 3 * (p[1] ** 2).sum(), POINT)
    assert list(trace_samples(product, POINT, 1, 0)) == [pytest.approx(6 * 2 + 2 * 6)]


def test_the_top_eigenvalue_is_that_of_the_whole_hessian() -> None:
    expected = float(torch.linalg.eigvalsh(_hessian())[-1])
    found = top_eigenvalue(hessian_product(_loss, POINT), POINT, 8, 0)
    assert found.value == pytest.approx(expected, rel=1e-8)
    early = top_eigenvalue(hessian_product(_loss, POINT), POINT, 3, 0)
    assert early.value <= expected
    nearest = (torch.linalg.eigvalsh(_hessian()) - early.value).abs().min()
    assert float(nearest) <= early.residual


def test_a_large_spectrum_converges_without_orthogonalising_anew() -> None:
    values = torch.cat([torch.linspace(-1, 1, 999), torch.tensor([5.0])])
    point = [torch.zeros(1000)]
    found = top_eigenvalue(lambda v: [values * v[0]], point, 60, 0)
    assert found.value == pytest.approx(5, rel=1e-5)
    assert found.residual < 1e-2


def test_a_multiple_of_the_identity_ends_at_once() -> None:
    assert top_eigenvalue(lambda v: [3 * part for part in v], POINT, 20, 0).value == pytest.approx(3)


def test_directions_have_the_filters_lengths() -> None:
    point = [torch.randn(4, 3, 2, 2), torch.ones(4), torch.zeros(2, 3)]
    direction = filter_direction(point, torch.Generator().manual_seed(0))
    torch.testing.assert_close(direction[0].flatten(1).norm(dim=1), point[0].flatten(1).norm(dim=1))
    assert not direction[1].any()
    assert not direction[2].any()
