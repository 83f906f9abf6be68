"""JPEG there and back: what its quantisation leaves of an image."""

import math
from io import BytesIO

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from .filters import to_levels, to_pixels
from .seeding import Draws

# ITU-T T.81, tables K.1 and K.2.
LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)


def jpeg_compression(images: Tensor, draws: Draws, quality: float) -> Tensor:
    """Compress to JPEG with 4:2:0 chroma, as libjpeg does it by default, and decompress.

    A processor leaves it to libjpeg.
    """
    if images.device.type != "cpu":
        return jpeg_plain(images, quality)
    levels = to_levels(images).permute(0, 2, 3, 1).contiguous()
    coded = torch.from_numpy(np.stack([_through_libjpeg(image, round(quality)) for image in levels.numpy()]))
    return to_pixels(coded.view(levels.shape).permute(0, 3, 1, 2).contiguous())


def _through_libjpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    file = BytesIO()
    Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def jpeg_plain(images: Tensor, quality: float) -> Tensor:
    """Return images through JPEG without its lossless part.

    Source: ITU-T T.81; JFIF 1.02 for the colours.
    """
    pixels = (images * 255).round()
    if images.shape[1] == 1:
        return _coded(pixels, LUMA, round(quality), 8).clamp(0, 255) / 255
    y, cb, cr = _to_ycc(pixels).round().split(1, dim=1)
    h, w = y.shape[-2:]
    y = _coded(y, LUMA, round(quality), 16)
    blue, red = (_enlarged(_coded(_halved(c), CHROMA, round(quality), 8))[..., :h, :w] for c in (cb, cr))
    return _to_rgb(y.clamp(0, 255), blue - 128, red - 128).round().clamp(0, 255) / 255


def _to_ycc(rgb: Tensor) -> Tensor:
    r, g, b = rgb.split(1, dim=1)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return torch.cat([y, (b - y) / 1.772 + 128, (r - y) / 1.402 + 128], dim=1)


def _to_rgb(y: Tensor, blue: Tensor, red: Tensor) -> Tensor:
    green = (0.299 * 1.402 * red + 0.114 * 1.772 * blue) / 0.587
    return torch.cat([y + 1.402 * red, y - green, y + 1.772 * blue], dim=1)


def _coded(plane: Tensor, table: tuple[tuple[int, ...], ...], quality: int, multiple: int) -> Tensor:
    """Return a plane (n, 1, h, w) of 0 to 255 with its 8 × 8 blocks rounded to the table's steps."""
    h, w = plane.shape[-2:]
    padded = F.pad(plane, (0, -w % multiple, 0, -h % multiple), mode="replicate")
    blocks = F.unfold(padded, 8, stride=8).mT.reshape(len(plane), -1, 8, 8) - 128
    cosines, steps = _cosines().to(plane), _scaled(table, quality).to(plane)
    coefficients = cosines @ blocks @ cosines.T
    # Halves, which means of whole numbers often are, go away from zero.
    coefficients = torch.floor(coefficients.abs() / steps + 0.5) * coefficients.sign() * steps
    decoded = (cosines.T @ coefficients @ cosines + 128).round().clamp(0, 255)
    return F.fold(decoded.flatten(2).mT, padded.shape[-2:], 8, stride=8)[..., :h, :w]


def _cosines() -> Tensor:
    """Return the orthonormal cosine transform of eight values, float64 of shape (8, 8)."""
    places = torch.arange(8, dtype=torch.float64)
    matrix = torch.cos(math.pi / 16 * places.unsqueeze(1) * (2 * places + 1)) / 2
    matrix[0] /= math.sqrt(2)
    return matrix


def _scaled(table: tuple[tuple[int, ...], ...], quality: int) -> Tensor:
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((torch.tensor(table) * percent + 50) // 100).clamp(1, 255)


def _halved(plane: Tensor) -> Tensor:
    """Return the means of 2 × 2 pixels, halves rounded down and up by turns, as libjpeg does."""
    h, w = plane.shape[-2:]
    even = F.pad(plane, (0, w % 2, 0, h % 2), mode="replicate")
    sums = F.avg_pool2d(even, 2) * 4
    turns = 1 + torch.arange(sums.shape[-1], device=plane.device) % 2
    return ((sums + turns) / 4).floor()


def _enlarged(plane: Tensor) -> Tensor:
    """Return the plane twice as high and wide, each value three parts of the nearer and one of the next."""
    h, w = plane.shape[-2:]
    around = F.pad(plane, (1, 1, 1, 1), mode="replicate")
    near = 3 * around[..., 1:-1, :]
    rows = torch.stack([near + around[..., :-2, :], near + around[..., 2:, :]], dim=3).flatten(2, 3)
    centre = 3 * rows[..., 1:-1]
    left, right = (centre + rows[..., :-2] + 8) / 16, (centre + rows[..., 2:] + 7) / 16
    return torch.stack([left, right], dim=4).flatten(3, 4).floor().view(-1, 1, 2 * h, 2 * w)
