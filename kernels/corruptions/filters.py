"""What several corruptions are made of: matrices along either side, convolutions, bilinear samples."""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

_FEW = 200  # steps that a processor adds up sooner than it transforms


def separable(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Apply one matrix along the height, (h', h), and one along the width, (w', w), of images (…, h, w)."""
    return rows @ (images @ columns.T)


def gaussian(images: Tensor, sigma: float, truncate: float = 4, border: Literal["edge", "mirror"] = "edge") -> Tensor:
    """Blur images (…, h, w) by a normal curve of `sigma` pixels, cut off at `truncate` of them.

    Beyond the border there is the outermost pixel again, or the image mirrored with it. Both are in the matrices.
    """
    rows, columns = (gaussian_matrix(side, sigma, truncate, border) for side in images.shape[-2:])
    return separable(images, rows.to(images), columns.to(images))


def gaussian_matrix(side: int, sigma: float, truncate: float, border: Literal["edge", "mirror"]) -> Tensor:
    """Return the blur of a line as a matrix, float64 of shape (side, side)."""
    radius = int(truncate * sigma + 0.5)
    steps = torch.arange(-radius, radius + 1)
    curve = torch.exp(-((steps / max(sigma, 1e-9)) ** 2) / 2).double()
    places = torch.arange(side).unsqueeze(1) + steps
    if border == "edge":
        places = places.clamp(0, side - 1)
    else:
        places = places % (2 * side)
        places = torch.minimum(places, 2 * side - 1 - places)
    matrix = torch.zeros(side, side, dtype=torch.float64)
    return matrix.scatter_add_(1, places, (curve / curve.sum()).expand(side, -1).contiguous())


def zoom_matrix(side: int, factor: float) -> Tensor:
    """Return the linear enlargement of a line's middle as a matrix, float64 of shape (side or a little more, side).

    The middle that is kept is rounded up to whole pixels. Source: the `clipped_zoom` of ImageNet-C.
    """
    kept = math.ceil(side / factor)
    long = round(kept * factor)
    places = torch.arange(long, dtype=torch.float64) * (kept - 1) / (long - 1) + (side - kept) // 2
    return (1 - (places.unsqueeze(1) - torch.arange(side)).abs()).clamp_min(0)


def correlate(
    images: Tensor,
    down: Tensor,
    right: Tensor,
    weights: Tensor,
    border: Literal["reflect", "replicate"],
) -> Tensor:
    """Return for each pixel the weighted sum of pixels at some steps from it.

    Parameters
    ----------
    images : Tensor, shape (n, c, h, w)
    down, right : Tensor of int64, shape (n or 1, k)
        The steps, in pixels.
    weights : Tensor, shape (k,)
    border : {"reflect", "replicate"}
        What lies beyond the image: the image without its outermost pixel, mirrored, or that pixel again.
    """
    up, left = max(-int(down.min()), 0), max(-int(right.min()), 0)
    around = (left, max(int(right.max()), 0), up, max(int(down.max()), 0))
    padded = F.pad(images, around, mode=border)
    down, right = down + up, right + left
    if images.device.type != "cpu" or len(weights) > _FEW:
        return correlate_plain(padded, down, right, weights, images.shape[-2:])
    from . import compiled

    out = torch.zeros(images.shape)
    padded = padded.contiguous()
    down, right, weights = (F.pad(part, (0, -len(weights) % 4)) for part in (down, right, weights))
    compiled.correlate(padded.numpy(), down.numpy(), right.numpy(), weights.numpy(), out.numpy())
    return out


def correlate_plain(padded: Tensor, down: Tensor, right: Tensor, weights: Tensor, size: torch.Size) -> Tensor:
    """Return `correlate` of padded images, whose steps are not below 0, by Fourier transforms."""
    high, wide = int(down.max()) + 1, int(right.max()) + 1
    kernels = weights.new_zeros(len(down), high * wide)
    kernels.scatter_add_(1, down * wide + right, weights.expand_as(down))
    shape = padded.shape[-2:]
    spectrum = torch.fft.rfft2(padded) * torch.fft.rfft2(kernels.view(-1, 1, high, wide), s=shape).conj()
    whole: Tensor = torch.fft.irfft2(spectrum, s=shape)
    return whole[..., : size[0], : size[1]]


def sample(images: Tensor, x: Tensor, y: Tensor, border: Literal["reflect", "mirror"]) -> Tensor:
    """Read images (n, c, h, w) between their pixels, at places (n, h', w') in pixels; returns (n, c, h', w').

    Beyond the border lies the image mirrored, without its outermost pixel ("reflect") or with it ("mirror").
    """
    h, w = images.shape[-2:]
    if border == "reflect":
        grid = torch.stack([2 * x / (w - 1) - 1, 2 * y / (h - 1) - 1], dim=-1)
    else:
        grid = torch.stack([(2 * x + 1) / w - 1, (2 * y + 1) / h - 1], dim=-1)
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=border == "reflect")


def stencil(
    images: Tensor, weights: tuple[tuple[int, int, int], ...], border: Literal["reflect", "replicate"]
) -> Tensor:
    """Return Σ weight[i][j] · image[y + i − 1, x + j − 1] of images (n, c, h, w); exact for whole numbers."""
    h, w = images.shape[-2:]
    padded = F.pad(images, (1, 1, 1, 1), mode=border)
    total = torch.zeros_like(images)
    for down, row in enumerate(weights):
        for right, weight in enumerate(row):
            if weight:
                total.add_(padded[..., down : down + h, right : right + w], alpha=weight)
    return total


def box3(images: Tensor) -> Tensor:
    """Return the mean of each 3 × 3 neighbourhood, mirrored at the border without the outermost pixel."""
    return stencil(images, ((1, 1, 1),) * 3, "reflect").div_(9)


def grey(images: Tensor) -> Tensor:
    """Return the luma of images (n, 1 or 3, h, w), shape (n, 1, h, w)."""
    if images.shape[1] == 1:
        return images
    weights = images.new_tensor([0.299, 0.587, 0.114])
    return torch.einsum("nchw,c->nhw", images, weights).unsqueeze(1)


def to_pixels(levels: Tensor) -> Tensor:
    """Return uint8 as float32 in [0, 1]."""
    if levels.device.type != "cpu":
        return levels.float() / 255
    from . import compiled

    pixels = torch.empty(levels.shape)
    compiled.to_pixels(levels.numpy().ravel(), pixels.numpy().ravel())
    return pixels


def to_levels(pixels: Tensor) -> Tensor:
    """Return float32 as the nearest levels, uint8."""
    if pixels.device.type != "cpu":
        return (pixels.clamp(0, 1) * 255).round().byte()
    from . import compiled

    levels = torch.empty(pixels.shape, dtype=torch.uint8)
    compiled.to_levels(pixels.numpy().ravel(), levels.numpy().ravel())
    return levels
