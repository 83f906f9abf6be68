"""Weather: snow, frost, fog, and drops on the lens."""

import math

import torch
from torch import Tensor

from .blur import smear
from .edges import canny, distance, equalise
from .filters import box3, gaussian, grey, separable, stencil, zoom_matrix
from .seeding import Draws
from .textures import frost_textures

WATER = (175 / 255, 238 / 255, 238 / 255)  # pale turquoise
MUD = (63 / 255, 42 / 255, 20 / 255)


def fog(images: Tensor, draws: Draws, thickness: float, decay: float) -> Tensor:
    """Lay clouds over the image and dim it so that its brightest value stays."""
    h, w = images.shape[-2:]
    clouds = plasma(draws, 1 << (max(h, w) - 1).bit_length(), decay)[:, :h, :w].unsqueeze(1)
    brightest = images.amax(dim=(1, 2, 3), keepdim=True)
    return torch.add(images, clouds, alpha=thickness).mul_(brightest / (brightest + thickness))


def plasma(draws: Draws, side: int, decay: float) -> Tensor:
    """Return fractal clouds by the diamond-square algorithm on a torus.

    Parameters
    ----------
    draws : Draws
    side : int
        A power of two.
    decay : float
        By how much the square root of the noise falls with each halving of the step.

    Returns
    -------
    Tensor of float32, shape (n, side, side)
        From 0 to 1 in each sample.

    Source: Fournier, Fussell and Carpenter 1982, Computer Rendering of Stochastic Models.
    """
    noise = draws.uniform(side * side - 1) * 2 - 1
    clouds = noise.new_zeros(len(noise), side, side)
    used, step, scale = 0, side, 100.0
    while step >= 2:
        cells, half = side // step, step // 2
        rough = noise[:, used : used + 3 * cells**2].view(-1, 3, cells, cells) * scale**2
        corners = clouds[:, ::step, ::step]
        below = corners + corners.roll(-1, 1)
        centres = (below + below.roll(-1, 2)) / 4 + rough[:, 0]
        clouds[:, half::step, half::step] = centres
        across, along = centres + centres.roll(1, 1), centres + centres.roll(1, 2)
        clouds[:, ::step, half::step] = (across + corners + corners.roll(-1, 2)) / 4 + rough[:, 1]
        clouds[:, half::step, ::step] = (along + corners + corners.roll(-1, 1)) / 4 + rough[:, 2]
        used, step, scale = used + 3 * cells**2, half, scale / decay
    clouds -= clouds.amin(dim=(1, 2), keepdim=True)
    return clouds / clouds.amax(dim=(1, 2), keepdim=True)


def frost(images: Tensor, draws: Draws, keep: float, add: float, textures: Tensor | None = None) -> Tensor:
    """Add a random piece of a picture of frost to the dimmed image.

    `textures`, float32 of shape (k, 3, H, W) and larger than the images, are the pictures; without them, our own.
    """
    h, w = images.shape[-2:]
    pictures = frost_textures(h, w, images.device) if textures is None else textures
    k, _, high, wide = pictures.shape
    places = (draws.uniform(3) * images.new_tensor([k, high - h, wide - w])).long().tolist()
    pieces = torch.stack([pictures[which, :, top : top + h, left : left + w] for which, top, left in places])
    return (keep * images).add_(pieces if images.shape[1] == 3 else grey(pieces), alpha=add)


def snow(
    images: Tensor,
    draws: Draws,
    mean: float,
    scale: float,
    zoom: float,
    threshold: float,
    radius: float,
    sigma: float,
    keep: float,
) -> Tensor:
    """Whiten the image and let flakes fall through it, enlarged noise smeared along their way."""
    h, w = images.shape[-2:]
    noise = mean + scale * draws.normal(1, h, w)
    flakes = separable(noise, zoom_matrix(h, zoom).to(noise), zoom_matrix(w, zoom).to(noise))
    flakes = torch.where(flakes < threshold, 0, flakes).clamp(0, 1)
    angles = math.pi / 2 * (draws.uniform(1, stream=1).double() - 0.5)
    # They fall along the height, so what smears along the width is given the layer on its side.
    fallen = smear(flakes.flip(2).mT, angles, round(radius), sigma).mT.flip(2)
    layer = (fallen * 255).round()[..., :h, :w] / 255
    white = torch.maximum(images, grey(images) * 1.5 + 0.5)
    return torch.lerp(white, images, keep).add_(layer + layer.flip(2, 3))


def spatter(
    images: Tensor,
    draws: Draws,
    mean: float,
    scale: float,
    sigma: float,
    threshold: float,
    strength: float,
    muddy: float,
) -> Tensor:
    """Throw drops on the lens: water, which brightens along their rims, or mud, which hides what lies behind."""
    h, w = images.shape[-2:]
    liquid = gaussian(mean + scale * draws.normal(1, h, w), sigma)
    if not muddy:
        return images + _coloured(_water(liquid, threshold) * strength, WATER, images.shape[1])
    cover = gaussian((liquid > threshold).float(), strength)
    cover = torch.where(cover < 0.8, 0, cover)
    return images * (1 - cover) + _coloured(cover, MUD, images.shape[1])


def _coloured(cover: Tensor, colour: tuple[float, float, float], channels: int) -> Tensor:
    layer = cover * cover.new_tensor(colour).view(1, 3, 1, 1)
    return layer if channels == 3 else grey(layer)


def _water(liquid: Tensor, threshold: float) -> Tensor:
    """Return how much water there is, at most 1 in each sample, the light falling from above left."""
    drops = (torch.where(liquid < threshold, 0, liquid) * 255).floor().clamp(0, 255)
    relief = equalise(box3(distance(canny(drops, 50, 150))).floor())
    lit = stencil(relief, ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)), "reflect").clamp_(0, 255)
    water = drops * box3(lit).round()
    return water / water.amax(dim=(1, 2, 3), keepdim=True).clamp_min(1)
