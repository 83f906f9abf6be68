"""Noise: one draw for every pixel and channel.

Here and in the modules beside this one a corruption takes float32 images of shape (n, 1 or 3, h, w) in [0, 1], what it
draws from, and its constants. It returns the same shape, not yet clipped or rounded.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

from .seeding import Draws


def gaussian_noise(images: Tensor, draws: Draws, scale: float) -> Tensor:
    """Add normal noise of one standard deviation, that of the sensor in poor light."""
    return draws.normal(*images.shape[1:]).mul_(scale).add_(images)


def speckle_noise(images: Tensor, draws: Draws, scale: float) -> Tensor:
    """Add normal noise in proportion to the pixel."""
    return draws.normal(*images.shape[1:]).mul_(scale).add_(1).mul_(images)


def impulse_noise(images: Tensor, draws: Draws, amount: float) -> Tensor:
    """Set a share of the values to black or white, as likely the one as the other."""
    chance = draws.uniform(*images.shape[1:])
    if images.device.type != "cpu":
        return impulses_plain(images, chance, amount)
    from . import compiled

    out = torch.empty_like(chance)
    compiled.impulses(images.numpy().ravel(), chance.numpy().ravel(), amount, out.numpy().ravel())
    return out


def impulses_plain(images: Tensor, chance: Tensor, amount: float) -> Tensor:
    """Return the images, black where the chance is below half of the amount, white where below the whole."""
    return images.masked_fill(chance < amount, 1).masked_fill_(chance < amount / 2, 0)


def shot_noise(images: Tensor, draws: Draws, photons: float) -> Tensor:
    """Count photons: a Poisson number for each value, white being `photons` on average.

    The counts are drawn by inverting the distribution. There are 256 of them, since the images have eight bits.
    """
    levels = (images * 255).round_().byte()
    row = _poisson_row(photons, images.device)
    chances = draws.uniform(*images.shape[1:])
    if images.device.type != "cpu":
        return counts_plain(levels, chances, row) / photons
    from . import compiled

    counts = torch.empty_like(chances)
    tables = row.numpy(), _guide(photons).numpy()
    compiled.counts(levels.numpy().ravel(), chances.numpy().ravel(), *tables, counts.numpy().ravel())
    return counts.div_(photons)


def counts_plain(levels: Tensor, chances: Tensor, row: Tensor) -> Tensor:
    """Return the count whose place among its level's each chance takes, in the shape of both."""
    found = torch.searchsorted(row, chances.double() + levels)
    return (found - levels.long() * (len(row) // 256)).float()


@lru_cache(maxsize=8)
def _poisson_row(photons: float, device: torch.device) -> Tensor:
    """Return 256 cumulative distributions end to end, each raised by its level: one ascending row to search."""
    # Ten standard deviations and a few more leave out nothing that 23 bits could draw.
    counts = torch.arange(math.ceil(photons + 10 * math.sqrt(photons) + 10), dtype=torch.float64, device=device)
    means = photons * torch.arange(256, dtype=torch.float64, device=device).unsqueeze(1) / 255
    mass = torch.exp(torch.xlogy(counts, means) - means - torch.lgamma(counts + 1))
    cumulative = mass.cumsum(1)
    levels = torch.arange(256, device=device).unsqueeze(1)
    return (cumulative / cumulative[:, -1:] + levels).flatten()


@lru_cache(maxsize=8)
def _guide(photons: float) -> Tensor:
    """Return where in the row each level's chance from 0, 1/256, 2/256 … on is to be sought, (256, 256)."""
    chances = torch.arange(256, dtype=torch.float64) / 256
    return torch.searchsorted(_poisson_row(photons, torch.device("cpu")), chances + torch.arange(256).unsqueeze(1))
