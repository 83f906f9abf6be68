"""Pictures of frost, computed: ferns of ice that grow from a few points until they meet."""

import math
from functools import lru_cache

import torch
from torch import Tensor

from .filters import gaussian
from .seeding import uniform

PICTURES = 4


@lru_cache(maxsize=2)
def frost_textures(height: int, width: int, device: torch.device) -> Tensor:
    """Return pictures of frost to cut pieces of this size from, the same ones each time.

    Each point belongs to the nearest of some germs, whose six stems branch at 60°. Haze, and the fineness of the
    branches, vary from place to place.

    Returns
    -------
    Tensor of float32, shape (4, 3, 2 · height, 2 · width)
        Bluish white on black, in [0, 1].
    """
    seeds = torch.arange(PICTURES, device=device)
    y, x = torch.meshgrid(*(torch.linspace(0, 2, 2 * side, device=device) for side in (height, width)), indexing="ij")
    places = torch.stack([y, x], dim=-1).view(1, -1, 2)
    warp = 0.03 * torch.stack([_haze(seeds, height, width, stream) for stream in (1, 2)], dim=-1).view(PICTURES, -1, 2)
    ice = _ferns(seeds, places + warp).view(PICTURES, 2 * height, 2 * width)
    haze = 0.5 + 0.5 * _haze(seeds, height, width, 3)
    # From a few flowers on a dark pane to one that is white all over.
    ground = torch.linspace(0.25, 0.65, PICTURES, device=device).view(-1, 1, 1)
    light = ground + (1 - ground) * haze * (0.2 + 0.8 * ice)
    return light.unsqueeze(1) ** light.new_tensor([1.3, 1.0, 0.85]).view(1, 3, 1, 1)


def _ferns(seeds: Tensor, places: Tensor, germs: int = 24) -> Tensor:
    """Return how much ice there is at places (1 or k, m, 2), shape (k, m)."""
    centres = 2 * uniform(seeds, (germs, 2), stream=4)
    turns = 2 * math.pi * uniform(seeds, (germs,), stream=5)
    places = places.expand(len(seeds), -1, -1)
    nearest = torch.cdist(places, centres).argmin(dim=2)
    offsets = places - centres.gather(1, nearest.unsqueeze(2).expand(-1, -1, 2))
    angles = torch.atan2(offsets[..., 0], offsets[..., 1]) + turns.gather(1, nearest)
    folded = (angles.remainder(math.pi / 3) - math.pi / 6).abs()
    length = offsets.norm(dim=2)
    along, aside = length * folded.cos(), length * folded.sin()
    stem = torch.exp(-((aside / 0.012) ** 2))
    # A branch at 60° leaves the stem every so often; it ends where it would meet those of the next stem.
    phase = (along - aside / math.sqrt(3)) / 0.05
    branch = torch.exp(-(((phase - phase.round()) / 0.16) ** 2)) * torch.exp(-aside / 0.09)
    barbs = (along + aside / math.sqrt(3)) / 0.017
    barb = torch.exp(-(((barbs - barbs.round()) / 0.25) ** 2)) * torch.exp(-aside / 0.05)
    return torch.maximum(stem, torch.maximum(branch, 0.5 * barb)) * torch.exp(-length / 0.6)


def _haze(seeds: Tensor, height: int, width: int, stream: int) -> Tensor:
    """Return soft noise from −1 to 1, shape (k, 2 · height, 2 · width)."""
    coarse = gaussian(uniform(seeds, (1, 16, 16), stream) - 0.5, 1.0)
    coarse = coarse / coarse.abs().amax(dim=(2, 3), keepdim=True)
    fine = torch.nn.functional.interpolate(coarse, size=(2 * height, 2 * width), mode="bicubic", align_corners=True)
    return fine.squeeze(1).clamp(-1, 1)
