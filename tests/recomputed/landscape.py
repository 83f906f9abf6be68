"""The loss as a function of the weights, in plain float64."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .material import SAMPLES, SEED, SOME, Material
from .plain import POINT, order, scores
from .rows import Numbers, reference

if TYPE_CHECKING:
    from torch import Tensor


def _loss(material: Material) -> Callable[[Sequence["Tensor"]], "Tensor"]:
    """Return the weighted mean cross-entropy over some samples, as a function of the parameters in their order."""
    import torch
    from torch.nn import functional as F

    tensors, places = material.tensors(), material.places
    images, weights = material.images()[places], torch.from_numpy(material.weights[places])
    labels, names = torch.from_numpy(material.labels[places]), order(tensors)

    def loss(point: Sequence["Tensor"]) -> "Tensor":
        outputs = scores({**tensors, **dict(zip(names, point, strict=True))}, images)
        found: Tensor = F.cross_entropy(outputs, labels, reduction="none") @ weights / weights.sum()
        return found

    return loss


def _point(material: Material) -> list["Tensor"]:
    tensors = material.tensors()
    return [tensors[name] for name in order(tensors)]


def _directions(point: Sequence["Tensor"], count: int) -> Iterator[list["Tensor"]]:
    """Give random directions, each filter of which is as long as the point's own."""
    import torch

    generator = torch.Generator().manual_seed(SEED)
    for _ in range(count):
        drawn = [torch.randn(p.shape, generator=generator).double() for p in point]
        yield [_as_long(d, p) if p.ndim > 1 else d * 0 for d, p in zip(drawn, point, strict=True)]


def _as_long(drawn: "Tensor", own: "Tensor") -> "Tensor":
    import torch

    return torch.stack([d * (p.norm() / d.norm()) for d, p in zip(drawn, own, strict=True)])


def _at(point: Sequence["Tensor"], steps: Sequence[tuple[float, list["Tensor"]]]) -> list["Tensor"]:
    moved = list(point)
    for length, direction in steps:
        moved = [p + length * d for p, d in zip(moved, direction, strict=True)]
    return moved


@reference("flatness", f"{POINT}; the eigenvalue by projecting on a Krylov space", tolerance=2e-3)
def flatness(material: Material) -> Numbers:
    """Return Hutchinson's trace, the largest Ritz value, and the mean rise under noise."""
    import torch

    loss, point = _loss(material), _point(material)

    def product(vector: "Tensor") -> "Tensor":
        at = [p.clone().requires_grad_() for p in point]
        slopes = torch.cat([g.flatten() for g in torch.autograd.grad(loss(at), at, create_graph=True)])
        return torch.cat([g.flatten() for g in torch.autograd.grad(slopes @ vector, at)])

    rises = [float(loss(_at(point, [(0.05, way)])) - loss(point)) for way in _directions(point, 2)]
    return {
        "flatness.trace": _trace(product, point),
        "flatness.eigenvalue": _eigenvalue(product, point),
        "flatness.sharpness": float(np.mean(rises)),
    }


def _trace(product: Callable[["Tensor"], "Tensor"], point: Sequence["Tensor"]) -> float:
    """Return the mean of zᵀHz over two random vectors of signs."""
    import torch

    generator, traces = torch.Generator().manual_seed(SEED), []
    for _ in range(2):
        signs = torch.cat([(torch.randint(2, p.shape, generator=generator) * 2.0 - 1).flatten() for p in point])
        traces.append(float(signs.double() @ product(signs.double())))
    return float(np.mean(traces))


def _eigenvalue(product: Callable[["Tensor"], "Tensor"], point: Sequence["Tensor"]) -> float:
    """Return the largest Ritz value in the Krylov space of four dimensions."""
    import torch

    generator = torch.Generator().manual_seed(SEED)
    start = torch.cat([torch.randn(p.shape, generator=generator).flatten() for p in point]).double()
    basis = [start / start.norm()]
    images = [product(basis[0])]
    for _ in range(3):
        space = torch.stack(basis)
        rest = images[-1] - space.T @ (space @ images[-1])
        basis.append(rest / rest.norm())
        images.append(product(basis[-1]))
    return float(torch.linalg.eigvalsh(torch.stack(basis) @ torch.stack(images).T)[-1])


@reference("flatness.slices", POINT, tolerance=1e-4)
def slices(material: Material) -> Numbers:
    """Return the loss along one direction and over two."""
    loss, point = _loss(material), _point(material)
    first, second = _directions(point, 2)
    line = {f"line.at.{x}": loss(_at(point, [(x, first)])) for x in (-1, 0, 1)}
    plane = {f"plane.at.{x},{y}": loss(_at(point, [(x, first), (y, second)])) for x in (-1, 0, 1) for y in (-1, 0, 1)}
    return {f"flatness.slices.{name}": float(value) for name, value in {**line, **plane}.items()}


@reference("proxy.gradsign", "the network in plain float64, a sample at a time", tolerance=2e-3)
def gradsign(material: Material) -> Numbers:
    """Return the sum of how far the samples' gradients agree in sign; every sample counts alike."""
    import torch
    from torch.nn import functional as F

    tensors, images = material.tensors(), material.images()
    names = order(tensors)
    point = [tensors[name].requires_grad_() for name in names]
    signs = [torch.zeros_like(p) for p in point]
    for place in np.linspace(0, SAMPLES - 1, SOME).astype(int):
        label = torch.tensor(material.labels[place : place + 1])
        outputs = scores({**tensors, **dict(zip(names, point, strict=True))}, images[place : place + 1])
        slopes = torch.autograd.grad(F.cross_entropy(outputs, label), point)
        signs = [total + slope.sign() for total, slope in zip(signs, slopes, strict=True)]
    return {"proxy.gradsign": float(sum(total.abs().sum() for total in signs))}
