"""Curvature of a function of many parameters, from products of its Hessian with vectors.

A point, and a direction from it, is a list of tensors.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

Vector = list[Tensor]
Product = Callable[[Vector], Vector]


class Eigenvalue(NamedTuple):
    """An approximate eigenvalue; a true one lies within ``residual`` of it."""

    value: float
    residual: float


def hessian_product(loss: Callable[[Sequence[Tensor]], Tensor], point: Sequence[Tensor]) -> Product:
    """Return the function that multiplies the Hessian of ``loss`` at a point with a vector.

    ``loss`` may be the sum of several calls' worth of terms; it is computed anew for every product.

    Source: Pearlmutter 1994, Fast Exact Multiplication by the Hessian.
    """

    def product(vector: Vector) -> Vector:
        at = [tensor.detach().requires_grad_() for tensor in point]
        gradients = torch.autograd.grad(loss(at), at, create_graph=True, materialize_grads=True)
        along = torch.stack([(g * v).sum() for g, v in zip(gradients, vector, strict=True)]).sum()
        if not along.requires_grad:
            return [torch.zeros_like(tensor) for tensor in at]
        return list(torch.autograd.grad(along, at, materialize_grads=True))

    return product


def trace_samples(product: Product, point: Sequence[Tensor], probes: int, seed: int) -> Iterator[float]:
    """Give one estimate of the trace a probe: zᵀHz for random signs z; their mean is unbiased.

    Source: Hutchinson 1990, A Stochastic Estimator of the Trace of the Influence Matrix.
    """
    generator = torch.Generator().manual_seed(seed)
    for _ in range(probes):
        signs = [(torch.randint(2, p.shape, generator=generator) * 2 - 1).to(p) for p in point]
        yield float(_inner(signs, product(signs)))


def top_eigenvalue(product: Product, point: Sequence[Tensor], steps: int, seed: int) -> Eigenvalue:
    """Return the largest eigenvalue by Lanczos' method, holding three vectors.

    Without orthogonalising anew, rounding brings eigenvalues back as copies, which leaves the largest as it is.

    Parameters
    ----------
    product : callable
        Multiplies a symmetric matrix with a vector.
    point : sequence of Tensor
        Gives the vectors' shapes.
    steps : int
        Most products.
    seed : int
        Seeds the first vector.

    Source: Golub and Van Loan 2013, Matrix Computations, section 10.1.
    """
    generator = torch.Generator().manual_seed(seed)
    vector = _unit([torch.randn(p.shape, generator=generator).to(p) for p in point])
    before = [torch.zeros_like(part) for part in vector]
    diagonal: list[float] = []
    beside = [0.0]
    for _ in range(steps):
        image = product(vector)
        diagonal.append(float(_inner(vector, image)))
        rest = [h - diagonal[-1] * v - beside[-1] * b for h, v, b in zip(image, vector, before, strict=True)]
        length = float(_inner(rest, rest).sqrt())
        beside.append(length)
        if length <= 1e-6 * max(map(abs, diagonal)):
            break
        before, vector = vector, [part / length for part in rest]
    off = torch.tensor(beside[1 : len(diagonal)], dtype=torch.float64)
    matrix = torch.diag(torch.tensor(diagonal, dtype=torch.float64)) + torch.diag(off, 1) + torch.diag(off, -1)
    values, vectors = torch.linalg.eigh(matrix)
    return Eigenvalue(float(values[-1]), beside[-1] * abs(float(vectors[-1, -1])))


def filter_direction(point: Sequence[Tensor], generator: torch.Generator) -> Vector:
    """Return a random direction in which each filter is as long as the point's own; zero where there are no filters.

    A filter is one row of a tensor of two dimensions or more. Biases and normalisations, of one dimension, stay.

    Source: Li et al. 2018, Visualizing the Loss Landscape of Neural Nets, section 4.
    """
    return [_as_long(torch.randn(p.shape, generator=generator).to(p), p) for p in point]


def _as_long(direction: Tensor, like: Tensor) -> Tensor:
    if like.ndim < 2:
        return torch.zeros_like(like)
    rows, own = direction.flatten(1), like.flatten(1)
    lengths = torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)
    scaled: Tensor = rows / lengths * torch.linalg.vector_norm(own, dim=1, keepdim=True)
    return scaled.view_as(direction)


def _inner(first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
    return torch.stack([(a.double() * b.double()).sum() for a, b in zip(first, second, strict=True)]).sum()


def _unit(vector: Vector) -> Vector:
    length = float(_inner(vector, vector).sqrt())
    return [part / length for part in vector]
