"""Blur: out of focus, through frosted glass, by motion, by zooming."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .filters import correlate, gaussian, separable, zoom_matrix
from .seeding import Draws


def gaussian_blur(images: Tensor, draws: Draws, sigma: float) -> Tensor:
    """Blur by a normal curve."""
    return gaussian(images, sigma)


def defocus_blur(images: Tensor, draws: Draws, radius: float, softness: float) -> Tensor:
    """Blur by a disk whose edge is softened."""
    disk = _disk(radius, softness)
    down, right = disk.nonzero(as_tuple=True)
    weights, half = disk[down, right].to(images), len(disk) // 2
    down, right = (places.to(images.device).unsqueeze(0) - half for places in (down, right))
    return correlate(images, down, right, weights, "reflect")


def _disk(radius: float, softness: float) -> Tensor:
    half, margin = (8, 1) if radius <= 8 else (math.ceil(radius), 2)
    steps = torch.arange(-half, half + 1, dtype=torch.float64)
    disk = (steps**2 + steps.unsqueeze(1) ** 2 <= radius**2).double()
    curve = torch.exp(-((torch.arange(-margin, margin + 1) / softness) ** 2) / 2).double()
    curve = curve / curve.sum()
    padded = F.pad((disk / disk.sum())[None, None], (margin,) * 4, mode="reflect")
    return F.conv2d(padded, torch.outer(curve, curve)[None, None])[0, 0]


def motion_blur(images: Tensor, draws: Draws, radius: float, sigma: float) -> Tensor:
    """Smear to one side, at up to 45° from the horizontal."""
    angles = math.pi / 2 * (draws.uniform(1).double() - 0.5)
    return smear(images, angles, round(radius), sigma)


def smear(images: Tensor, angles: Tensor, radius: int, sigma: float) -> Tensor:
    """Blur along one direction by half of a normal curve.

    Parameters
    ----------
    images : Tensor, shape (n, c, h, w)
    angles : Tensor of float64, shape (n, 1)
        Directions from the horizontal, radians, at most π/4 either way.
    radius : int
        The curve has 2 · radius + 1 steps of a pixel.
    sigma : float
        Width of the curve, pixels.

    Source: the motion blur of ImageMagick, which made the published sets.
    """
    steps = torch.arange(2 * radius + 1, device=images.device)
    curve = torch.exp(-((steps / sigma) ** 2) / 2)
    down = torch.ceil(steps * torch.sin(angles) - 0.5).long()
    right = torch.ceil(steps * torch.cos(angles) - 0.5).long()
    return correlate(images, down, right, (curve / curve.sum()).float(), "replicate")


def zoom_blur(images: Tensor, draws: Draws, stop: float, step: float) -> Tensor:
    """Average the image with itself enlarged, up to a factor of `stop` and in steps of `step`."""
    h, w = images.shape[-2:]
    # As NumPy rounds them: where the enlarged middle ends on a pixel, the last bit decides which pixel.
    factors = [1 + place * ((1 + step) - 1) for place in range(math.ceil((stop - 1) / step))]
    total = images.clone()
    for factor in factors:
        rows, columns = zoom_matrix(h, factor)[:h], zoom_matrix(w, factor)[:w]
        total += separable(images, rows.to(images), columns.to(images))
    return total / (len(factors) + 1)


def glass_blur(images: Tensor, draws: Draws, sigma: float, reach: float, rounds: float) -> Tensor:
    """Blur, let every pixel take a near one's colour, and blur again.

    Pixels take turns from the last to the first; one whose neighbour has had its turn takes what that one has taken.
    """
    far = round(reach)
    blurred = torch.floor(gaussian(images, sigma) * 255) / 255
    h, w = images.shape[-2:]
    for turn in range(round(rounds)):
        shifts = torch.floor(draws.uniform(h - 2 * far, w - 2 * far, 2, stream=turn) * 2 * far).long() - far
        origins = _origins(shifts, h, w).unsqueeze(1).expand(-1, images.shape[1], -1)
        blurred = blurred.flatten(2).gather(2, origins).view_as(images)
    return gaussian(blurred, sigma)


def _origins(shifts: Tensor, h: int, w: int) -> Tensor:
    """Return from which place each pixel's colour comes, (n, h · w), given shifts (right, down) in order of turns.

    This is the sequential rule exactly: who takes from a pixel that has had its turn goes on to where that one took
    from. The chains are followed by doubling, so a chain of length L takes log₂ L steps.
    """
    n, device = len(shifts), shifts.device
    far_h, far_w = (h - shifts.shape[1]) // 2, (w - shifts.shape[2]) // 2
    places = torch.arange(h * w, device=device).view(h, w)
    inner = slice(far_h + 1, h - far_h + 1), slice(far_w + 1, w - far_w + 1)
    takes = places.repeat(n, 1, 1)
    taken = shifts.flip(1, 2)
    takes[:, *inner] += taken[..., 1] * w + taken[..., 0]
    moves = torch.zeros(h, w, dtype=torch.bool, device=device)
    moves[inner] = True
    takes, moves, places = takes.flatten(1), moves.flatten(), places.flatten()
    # Who has had its turn stands further on; it is named by its place plus h · w, and leads on to what it took.
    chains = takes + (moves[takes] & (takes > places)) * h * w
    while bool((passed := chains >= h * w).any()):
        chains = torch.where(passed, chains.gather(1, (chains - h * w).clamp_min_(0)), chains)
    return chains
