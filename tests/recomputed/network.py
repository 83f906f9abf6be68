"""The demo's residual networks in plain float64, and what is measured by running them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import cos, log10, pi, radians, sin
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from .material import SAMPLES, SEED, SOME, Floats, Material
from .rows import Numbers, reference

if TYPE_CHECKING:
    from torch import Tensor

Tensors = Mapping[str, "Tensor"]
POINT = "the network in plain float64, with the same random draws"
SIDE = 32  # of the pictures that the family states


def features(tensors: Tensors, x: "Tensor") -> "Tensor":
    """Return the input of the linear layer, (samples, width)."""
    x = _normalised(tensors, "bn1", _convolved(tensors, "conv1", x, 1)).relu()
    for block, stride in _blocks(tensors):
        y = _normalised(tensors, f"{block}.bn1", _convolved(tensors, f"{block}.conv1", x, stride)).relu()
        y = _normalised(tensors, f"{block}.bn2", _convolved(tensors, f"{block}.conv2", y, 1))
        x = (y + _around(x, y.shape[1], stride)).relu()
    return x.mean((2, 3))


def scores(tensors: Tensors, x: "Tensor") -> "Tensor":
    """Return the logits, (samples, classes)."""
    return features(tensors, x) @ tensors["linear.weight"].T + tensors["linear.bias"]


def _blocks(tensors: Tensors) -> list[tuple[str, int]]:
    names = sorted({name.removesuffix(".conv1.weight") for name in tensors if name.endswith(".conv1.weight")})
    return [(name, 2 if name.endswith(".0") and not name.startswith("layer1") else 1) for name in names]


def _convolved(tensors: Tensors, name: str, x: "Tensor", stride: int) -> "Tensor":
    from torch.nn import functional as F

    return F.conv2d(x, tensors[f"{name}.weight"], stride=stride, padding=1)


def _normalised(tensors: Tensors, name: str, x: "Tensor") -> "Tensor":
    weight, bias, mean, variance = (
        tensors[f"{name}.{part}"].view(1, -1, 1, 1) for part in ("weight", "bias", "running_mean", "running_var")
    )
    return (x - mean) / (variance + 1e-5).sqrt() * weight + bias


def _around(x: "Tensor", channels: int, stride: int) -> "Tensor":
    """Return the shortcut: every other pixel, between as many channels of zeros."""
    x = x[:, :, ::stride, ::stride]
    extra = (channels - x.shape[1]) // 2
    empty = x.new_zeros(len(x), extra, *x.shape[2:])
    import torch

    return torch.cat([empty, x, empty], 1)


# The loss


def _order(tensors: Tensors) -> list[str]:
    """Return the parameters in the order of the network's modules, in which directions are drawn."""
    layers = [("conv1", "bn1", "")] + [
        (f"conv{number}", f"bn{number}", f"{block}.") for block, _ in _blocks(tensors) for number in (1, 2)
    ]
    inner = (
        name
        for convolution, norm, place in layers
        for name in (f"{place}{convolution}.weight", f"{place}{norm}.weight", f"{place}{norm}.bias")
    )
    return [*inner, "linear.weight", "linear.bias"]


def _loss(material: Material) -> Callable[[Sequence["Tensor"]], "Tensor"]:
    """Return the weighted mean cross-entropy over some samples, as a function of the parameters in their order."""
    import torch
    from torch.nn import functional as F

    tensors, places = material.tensors(), material.places
    images, weights = material.images()[places], torch.from_numpy(material.weights[places])
    labels, names = torch.from_numpy(material.labels[places]), _order(tensors)

    def loss(point: Sequence["Tensor"]) -> "Tensor":
        outputs = scores({**tensors, **dict(zip(names, point, strict=True))}, images)
        found: Tensor = F.cross_entropy(outputs, labels, reduction="none") @ weights / weights.sum()
        return found

    return loss


def _point(material: Material) -> list["Tensor"]:
    tensors = material.tensors()
    return [tensors[name] for name in _order(tensors)]


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

    generator = torch.Generator().manual_seed(SEED)
    traces = []
    for _ in range(2):
        signs = torch.cat([(torch.randint(2, p.shape, generator=generator) * 2.0 - 1).flatten() for p in point])
        traces.append(float(signs.double() @ product(signs.double())))
    generator = torch.Generator().manual_seed(SEED)
    start = torch.cat([torch.randn(p.shape, generator=generator).flatten() for p in point]).double()
    basis = [start / start.norm()]
    images = [product(basis[0])]
    for _ in range(3):
        space = torch.stack(basis)
        rest = images[-1] - space.T @ (space @ images[-1])
        basis.append(rest / rest.norm())
        images.append(product(basis[-1]))
    ritz = torch.linalg.eigvalsh(torch.stack(basis) @ torch.stack(images).T)
    rises = [float(loss(_at(point, [(0.05, way)])) - loss(point)) for way in _directions(point, 2)]
    return {
        "flatness.trace": float(np.mean(traces)),
        "flatness.eigenvalue": float(ritz[-1]),
        "flatness.sharpness": float(np.mean(rises)),
    }


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
    names = _order(tensors)
    point = [tensors[name].requires_grad_() for name in names]
    signs = [torch.zeros_like(p) for p in point]
    for place in np.linspace(0, SAMPLES - 1, SOME).astype(int):
        label = torch.tensor(material.labels[place : place + 1])
        outputs = scores({**tensors, **dict(zip(names, point, strict=True))}, images[place : place + 1])
        slopes = torch.autograd.grad(F.cross_entropy(outputs, label), point)
        signs = [total + slope.sign() for total, slope in zip(signs, slopes, strict=True)]
    return {"proxy.gradsign": float(sum(total.abs().sum() for total in signs))}


@reference("proxy.synflow", "the network in plain float64, its derivative by a difference", tolerance=1e-6)
def synflow(material: Material) -> Numbers:
    """Return what the output gains as all weights' magnitudes grow together."""
    import torch

    positive = {name: tensor.abs() for name, tensor in material.tensors().items()}
    ones, names, step = torch.ones(1, 1, SIDE, SIDE, dtype=torch.float64), _order(positive), 1e-4

    def flow(scale: float) -> float:
        return float(scores({**positive, **{name: positive[name] * scale for name in names}}, ones).sum())

    return {"proxy.synflow": log10((flow(1 + step) - flow(1 - step)) / (2 * step))}


@reference("proxy.aszero", POINT, tolerance=1e-4)
def aszero(material: Material) -> Numbers:
    """Return how many times longer circles become."""
    import torch

    tensors, generator, ratios = material.tensors(), torch.Generator().manual_seed(SEED), []
    angles = np.linspace(0, 2 * pi, 17)
    for _ in range(2):
        plane = np.linalg.qr(torch.randn(SIDE * SIDE, 2, generator=generator).double().numpy())[0]
        circle = SIDE * (np.cos(angles)[:, None] * plane[:, 0] + np.sin(angles)[:, None] * plane[:, 1])
        image = scores(tensors, torch.from_numpy(circle).view(-1, 1, SIDE, SIDE)).numpy()
        ratios.append(_length(image) / _length(circle))
    return {"proxy.aszero": float(np.mean(ratios))}


def _length(curve: Floats) -> float:
    return float(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum())


@reference("robustness.bounds", "boxes as centre and radius, slopes by autograd, in plain float64", tolerance=1e-5)
def bounds(material: Material) -> Numbers:
    """Return what interval bounds certify, and how tight they are."""
    import torch

    tensors, places, radius = material.tensors(), material.places, 0.001
    images, labels = material.images()[places].requires_grad_(), material.labels[places]
    own = scores(tensors, images)[range(len(places)), labels]
    slopes = torch.autograd.grad(own.sum(), images)[0].abs().sum((1, 2, 3)).numpy()
    centre, reach = (part.detach().numpy() for part in _box(tensors, images.detach(), radius))
    tightness = np.log10(radius * slopes / reach[range(len(places)), labels])
    certified = [
        all(c[y] - r[y] > c[j] + r[j] for j in range(10) if j != y)
        for c, r, y in zip(centre, reach, labels, strict=True)
    ]
    weights = material.weights[places]
    return {
        "robustness.bounds.tightness": float(np.average(tightness, weights=weights)),
        "robustness.bounds.accuracy": float(np.average(certified, weights=weights)),
    }


def _box(tensors: Tensors, x: "Tensor", radius: float) -> tuple["Tensor", "Tensor"]:
    """Return centre and radius of the logits' bounds."""
    import torch

    sizes = {name: tensor.abs() if name.endswith("weight") else tensor for name, tensor in tensors.items()}

    def layer(place: str, number: str, centre: "Tensor", reach: "Tensor", stride: int) -> tuple["Tensor", "Tensor"]:
        inner, outer = f"{place}conv{number}", f"{place}bn{number}"
        scale = (sizes[f"{outer}.weight"] / (tensors[f"{outer}.running_var"] + 1e-5).sqrt()).view(1, -1, 1, 1)
        return (
            _normalised(tensors, outer, _convolved(tensors, inner, centre, stride)),
            _convolved(sizes, inner, reach, stride) * scale,
        )

    box = _rectified(*layer("", "1", x, torch.full_like(x, radius), 1))
    for block, stride in _blocks(tensors):
        inside = _rectified(*layer(f"{block}.", "1", *box, stride))
        inside = layer(f"{block}.", "2", *inside, 1)
        box = _rectified(*(y + _around(own, y.shape[1], stride) for y, own in zip(inside, box, strict=True)))
    centre, reach = (part.mean((2, 3)) for part in box)
    head = tensors["linear.weight"]
    return centre @ head.T + tensors["linear.bias"], reach @ head.abs().T


def _rectified(centre: "Tensor", reach: "Tensor") -> tuple["Tensor", "Tensor"]:
    low, high = (centre - reach).relu(), (centre + reach).relu()
    return (low + high) / 2, (high - low) / 2


@reference("invariance", "the network in plain float64; images moved by scipy.ndimage", tolerance=1e-4)
def invariance(material: Material) -> Numbers:
    """Return how far changes move features, of how far apart samples lie."""
    import torch

    tensors, weights = material.tensors(), material.weights[material.places]
    images = material.images()[material.places].numpy()[:, 0]
    noise = torch.randn((SOME, 1, 8, 8), generator=torch.Generator().manual_seed(SEED)).double().numpy()[:, 0]
    middle = images.mean((1, 2), keepdims=True)
    moved = {
        "mirror": images[:, :, ::-1],
        "shift": np.stack([ndimage.shift(image, (0, 0.1 * 8), order=1, mode="nearest") for image in images]),
        "turn": np.stack([_turned(image, radians(15)) for image in images]),
        "fade": middle + 0.7 * (images - middle),
        "noise": images + 0.1 * noise,
    }

    def seen(pictures: Floats) -> Floats:
        return features(tensors, torch.from_numpy(np.ascontiguousarray(pictures)[:, None])).numpy()

    plain, order = seen(images), np.random.default_rng(SEED).permutation(SOME)
    pairs = list(zip(order, np.roll(order, 1), strict=True))
    apart = np.average(
        [np.linalg.norm(plain[i] - plain[j]) for i, j in pairs], weights=[weights[i] * weights[j] for i, j in pairs]
    )
    return {
        f"invariance.{name}": np.average(np.linalg.norm(seen(each) - plain, axis=1), weights=weights) / apart
        for name, each in moved.items()
    }


def _turned(image: Floats, angle: float) -> Floats:
    centre = (np.array(image.shape) - 1) / 2
    matrix = np.array([[cos(angle), sin(angle)], [-sin(angle), cos(angle)]])
    turned: Floats = ndimage.affine_transform(image, matrix, centre - matrix @ centre, order=1, mode="nearest")
    return turned


@reference(
    "cost.nominal",
    "numpy over the file's tensors; multiply-accumulates by hand",
    apart={"cost.nominal.activations": "a peak over a run, counted by hand in tests/analysis/models"},
)
def nominal(material: Material) -> Numbers:
    """Return counts of the file's tensors, and the products of one pass."""
    from safetensors.numpy import load_file

    held = load_file(material.file)
    trained = [held[name] for name in _order(material.tensors())]
    sides = [8, *(8 >> (int(block[5]) - 1) for block, _ in _blocks(material.tensors()) for _ in range(2))]
    convolutions = [held[name] for name in _order(material.tensors()) if "conv" in name]
    products = sum(kernel.size * side**2 for kernel, side in zip(convolutions, sides, strict=True))
    return {
        "cost.nominal.parameters": sum(tensor.size for tensor in trained),
        "cost.nominal.nonzeros": sum(np.count_nonzero(tensor) for tensor in trained),
        "cost.nominal.macs": products + held["linear.weight"].size,
        "cost.nominal.bytes": sum(tensor.nbytes for tensor in held.values()),
    }


@reference("cost.training", "no training by the program stands in the file's metadata")
def training(material: Material) -> Numbers:
    """Return the seconds that the file says."""
    return {"cost.training": 0.0}
