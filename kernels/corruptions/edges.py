"""Edges, distances to them and histograms, in batches of one channel: what drops of water are drawn with."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .filters import stencil

FAR = 20  # Distances are of no interest beyond.


def canny(images: Tensor, low: float, high: float) -> Tensor:
    """Find edges.

    Parameters
    ----------
    images : Tensor, shape (n, 1, h, w)
        Whole numbers from 0 to 255.
    low, high : float
        Slopes |∂x| + |∂y| of the Sobel filter: an edge is steeper than `low` all along and than `high` somewhere.

    Returns
    -------
    Tensor of bool, shape (n, 1, h, w)

    Source: Canny 1986, A Computational Approach to Edge Detection; ties are broken as OpenCV does.
    """
    dx = stencil(images, ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)), "replicate")
    dy = stencil(images, ((-1, -2, -1), (0, 0, 0), (1, 2, 1)), "replicate")
    slope = dx.abs() + dy.abs()
    crest = _crest(slope, dx, dy) & (slope > low)
    edges: Tensor = crest & (slope > high)
    if images.device.type != "cpu":
        return follow_plain(crest, edges)
    from . import compiled

    stack = np.empty(edges[0].numel(), np.int64)
    compiled.follow(crest.squeeze(1).numpy(), edges.squeeze(1).numpy(), stack)
    return edges


def follow_plain(crests: Tensor, edges: Tensor) -> Tensor:
    """Return the edges, grown along the crests that they touch; bool of shape (n, 1, h, w)."""
    while not torch.equal(grown := crests & (F.max_pool2d(edges.float(), 3, 1, 1) > 0), edges):
        edges = grown
    return edges


def _crest(slope: Tensor, dx: Tensor, dy: Tensor) -> Tensor:
    """Return where the slope is greatest along its own direction, of four directions."""
    h, w = slope.shape[-2:]
    around = F.pad(slope, (1, 1, 1, 1))

    def at(down: int, right: int) -> Tensor:
        return around[..., 1 + down : 1 + down + h, 1 + right : 1 + right + w]

    tangent = 2**0.5 - 1  # of 22.5°
    flat, steep = dy.abs() < tangent * dx.abs(), dy.abs() > (tangent + 2) * dx.abs()
    rising = dx * dy < 0
    across = torch.where(rising, torch.maximum(at(-1, 1), at(1, -1)), torch.maximum(at(-1, -1), at(1, 1)))
    beside = (slope > at(0, -1)) & (slope >= at(0, 1))
    above = (slope > at(-1, 0)) & (slope >= at(1, 0))
    return torch.where(flat, beside, torch.where(steep, above, slope > across))


def distance(edges: Tensor) -> Tensor:
    """Return the distance to the nearest edge, at most 20 pixels; bool in, float32 out, shape (n, 1, h, w).

    Steps straight on cost 1, diagonal ones 1.4 and a knight's 2.1969.

    Source: Borgefors 1986, Distance Transformations in Digital Images (5 × 5).
    """
    if edges.device.type != "cpu":
        return distance_plain(edges)
    from . import compiled

    near = torch.where(edges, 0, FAR * compiled.ONE).squeeze(1)
    padded = F.pad(near, (2, 2, 2, 2), value=FAR * compiled.ONE)
    for _ in range(2):
        for image in padded:
            compiled.sweep(image.numpy())
        padded = padded.flip(1, 2)
    return (padded[:, 2:-2, 2:-2].float() / compiled.ONE).unsqueeze(1)


def distance_plain(edges: Tensor) -> Tensor:
    """Return `distance`, no step depending on another.

    For a column so many places aside only its nearest edge counts, so two passes along the height and one along the
    width find the nearest of all.
    """
    w = edges.shape[-1]
    upright = torch.minimum(_since(edges), _since(edges.flip(2)).flip(2))
    padded = F.pad(upright, (FAR, FAR), value=FAR)
    table = _steps().to(edges.device)
    nearest = table[0][upright]
    for aside in range(1, FAR):
        near = torch.minimum(padded[..., FAR - aside :][..., :w], padded[..., FAR + aside :][..., :w])
        nearest = torch.minimum(nearest, table[aside][near])
    return nearest


def _since(edges: Tensor) -> Tensor:
    rows = torch.arange(edges.shape[2], device=edges.device).unsqueeze(1).expand_as(edges)
    last = torch.where(edges, rows, -FAR).cummax(dim=2).values
    return (rows - last).clamp_max(FAR)


def _steps() -> Tensor:
    """Return the cost of going so far aside and so far up, shape (21, 21)."""
    places = torch.arange(FAR + 1, dtype=torch.float32)
    long = torch.maximum(places, places.unsqueeze(1))
    short = torch.minimum(places, places.unsqueeze(1))
    shallow, steep = long + 0.1969 * short, 0.7969 * long + 0.6031 * short
    return torch.maximum(shallow, steep).clamp_max(FAR)


def equalise(images: Tensor) -> Tensor:
    """Spread the whole numbers 0 to 255 of each image (n, 1, h, w) so that each is as frequent as any other.

    An image of one value stays as it is.
    """
    values = images.flatten(1).long()
    counts = torch.zeros(len(images), 256, dtype=torch.long, device=images.device)
    counts.scatter_add_(1, values, torch.ones_like(values))
    total = values.shape[1]
    first = counts.gather(1, values.amin(dim=1, keepdim=True))
    spread = ((counts.cumsum(1) - first) * (255 / (total - first).clamp_min(1).double())).round().clamp_min(0)
    spread = torch.where(first == total, torch.arange(256, device=images.device), spread)
    return spread.gather(1, values).view_as(images).float()
