"""Noise: one draw for every pixel and channel.

Here and in the modules beside this one a corruption takes float32 images of shape (n, 1 or 3, h, w) in [0, 1], what it
draws from, and its constants. It returns the same shape, not yet clipped or rounded.
"""

import math

import torch
from torch import Tensor

from .seeding import Draws


def gaussian_noise(images: Tensor, draws: Draws, scale: float) -> Tensor:
    """Add normal noise of one standard deviation, that of the sensor in poor light."""
    return images + scale * draws.normal(*images.shape[1:])


def speckle_noise(images: Tensor, draws: Draws, scale: float) -> Tensor:
    """Add normal noise in proportion to the pixel."""
    return images + images * scale * draws.normal(*images.shape[1:])


def impulse_noise(images: Tensor, draws: Draws, amount: float) -> Tensor:
    """Set a share of the values to black or white, as likely the one as the other."""
    chance = draws.uniform(*images.shape[1:])
    noisy = torch.where(chance < amount, 1.0, images)
    return torch.where(chance < amount / 2, 0.0, noisy)


def shot_noise(images: Tensor, draws: Draws, photons: float) -> Tensor:
    """Count photons: a Poisson number for each value, white being `photons` on average.

    The counts are drawn by inverting the distribution. There are 256 of them, since the images have eight bits.
    """
    levels = (images * 255).round().long()
    cumulative = _poisson_cumulative(photons, images.device)
    # Laid end to end, each distribution raised by its level, they are one ascending row to search.
    row = (cumulative + torch.arange(256, device=images.device).unsqueeze(1)).flatten()
    found = torch.searchsorted(row, draws.uniform(*images.shape[1:]).double() + levels)
    return (found - levels * cumulative.shape[1]).float() / photons


def _poisson_cumulative(photons: float, device: torch.device) -> Tensor:
    # Ten standard deviations and a few more leave out nothing that 23 bits could draw.
    counts = torch.arange(math.ceil(photons + 10 * math.sqrt(photons) + 10), dtype=torch.float64, device=device)
    means = photons * torch.arange(256, dtype=torch.float64, device=device).unsqueeze(1) / 255
    mass = torch.exp(torch.xlogy(counts, means) - means - torch.lgamma(counts + 1))
    cumulative = mass.cumsum(1)
    return cumulative / cumulative[:, -1:]
