"""Scores that need no samples, by the network in plain float64."""

from math import log10, pi

import numpy as np

from .material import SEED, Floats, Material
from .plain import POINT, order, scores
from .rows import Numbers, reference

SIDE = 32  # of the pictures that the family states


@reference("proxy.synflow", "the network in plain float64, its derivative by a difference", tolerance=1e-6)
def synflow(material: Material) -> Numbers:
    """Return what the output gains as all weights' magnitudes grow together."""
    import torch

    positive = {name: tensor.abs() for name, tensor in material.tensors().items()}
    ones, names, step = torch.ones(1, 1, SIDE, SIDE, dtype=torch.float64), order(positive), 1e-4

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
