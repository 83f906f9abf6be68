"""Common corruptions of images, in batches on the images' device.

The 15 standard and 4 extra corruptions of Hendrycks and Dietterich 2019, Benchmarking Neural Network Robustness to
Common Corruptions and Perturbations, with five severities each.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from torch import Tensor

from .blur import defocus_blur, gaussian_blur, glass_blur, motion_blur, zoom_blur
from .constants import constants
from .digital import brightness, contrast, elastic_transform, pixelate, saturate
from .filters import to_levels, to_pixels
from .jpeg import jpeg_compression
from .noise import gaussian_noise, impulse_noise, shot_noise, speckle_noise
from .seeding import Draws
from .weather import fog, frost, snow, spatter

# Values that are worked on together: what the caches of a processor hold, and what keeps an accelerator busy.
AT_ONCE = {"cpu": 1 << 19, "cuda": 1 << 25}

_SETTLING_S = 0.01

SEVERITIES = (1, 2, 3, 4, 5)

Group = Literal["noise", "blur", "weather", "digital"]


@dataclass(frozen=True)
class Corruption:
    """One way to spoil an image.

    Attributes
    ----------
    title : str
    group : {"noise", "blur", "weather", "digital"}
    standard : bool
        Whether it is one of the fifteen that the mean corruption error counts; the others are for tuning.
    apply : callable
        Takes images, what to draw from, and the constants of a severity.
    """

    title: str
    group: Group
    standard: bool
    apply: Callable[..., Tensor]


CORRUPTIONS: dict[str, Corruption] = {
    "gaussian_noise": Corruption("Gaussian noise", "noise", True, gaussian_noise),
    "shot_noise": Corruption("Shot noise", "noise", True, shot_noise),
    "impulse_noise": Corruption("Impulse noise", "noise", True, impulse_noise),
    "defocus_blur": Corruption("Defocus blur", "blur", True, defocus_blur),
    "glass_blur": Corruption("Glass blur", "blur", True, glass_blur),
    "motion_blur": Corruption("Motion blur", "blur", True, motion_blur),
    "zoom_blur": Corruption("Zoom blur", "blur", True, zoom_blur),
    "snow": Corruption("Snow", "weather", True, snow),
    "frost": Corruption("Frost", "weather", True, frost),
    "fog": Corruption("Fog", "weather", True, fog),
    "brightness": Corruption("Brightness", "digital", True, brightness),
    "contrast": Corruption("Contrast", "digital", True, contrast),
    "elastic_transform": Corruption("Elastic transform", "digital", True, elastic_transform),
    "pixelate": Corruption("Pixelate", "digital", True, pixelate),
    "jpeg_compression": Corruption("JPEG compression", "digital", True, jpeg_compression),
    "speckle_noise": Corruption("Speckle noise", "noise", False, speckle_noise),
    "gaussian_blur": Corruption("Gaussian blur", "blur", False, gaussian_blur),
    "spatter": Corruption("Spatter", "weather", False, spatter),
    "saturate": Corruption("Saturate", "digital", False, saturate),
}


def corrupt(images: Tensor, name: str, severity: int, samples: Tensor) -> Tensor:
    """Corrupt a batch of images, each by draws of its own.

    Parameters
    ----------
    images : Tensor of float32 in [0, 1] or of uint8, shape (n, 1 or 3, h, w)
        At least 32 pixels high and wide. Values are rounded to eight bits, as the published sets start from.
    name : str
        One of `CORRUPTIONS`.
    severity : int
        From 1, the mildest, to 5.
    samples : Tensor of int64, shape (n,)
        What tells the samples apart, their indices for example. Equal ones draw equally, in any batch and run, and
        for all severities of a corruption.

    Returns
    -------
    Tensor
        Of the same shape and dtype, in [0, 1] or 0 to 255, rounded to the nearest of the 256 levels.

    Raises
    ------
    ValueError
        If the severity, the shape or the dtype is none of these.
    KeyError
        If there is no such corruption.
    """
    _check(images, severity, samples)
    strength = constants(name, severity, min(images.shape[-2:]))
    return corrupt_by(images, CORRUPTIONS[name], strength, samples)


def corrupt_by(images: Tensor, corruption: Corruption, strength: tuple[float, ...], samples: Tensor) -> Tensor:
    """Corrupt a batch as `corrupt` does, by any corruption and by constants of one's own."""
    at_once = max(AT_ONCE.get(images.device.type, AT_ONCE["cuda"]) // images[:1].numel(), 1) if len(images) else 1
    parts = list(zip(images.split(at_once), samples.split(at_once), strict=True))

    def spoil(part: tuple[Tensor, Tensor]) -> Tensor:
        return _corrupted(part[0], corruption, Draws(part[1]), strength)

    side_by_side = images.device.type == "cpu" and min(len(parts), torch.get_num_threads()) > 1
    return torch.cat(list(_crew().map(spoil, parts) if side_by_side else map(spoil, parts)))


@cache
def _crew() -> ThreadPoolExecutor:
    """Return threads that take a part each: several small tensors are worked on sooner than one by several threads."""
    size = torch.get_num_threads()
    crew = ThreadPoolExecutor(size, "graftwork corruptions", initializer=lambda: torch.set_num_threads(1))
    for waiting in [crew.submit(time.sleep, _SETTLING_S) for _ in range(size)]:
        waiting.result()
    torch.set_num_threads(size)  # for threads that begin later, which take over what was set last
    return crew


def _corrupted(images: Tensor, corruption: Corruption, draws: Draws, strength: tuple[float, ...]) -> Tensor:
    whole = images if images.dtype == torch.uint8 else (images * 255).round_().byte()
    spoilt = to_levels(corruption.apply(to_pixels(whole), draws, *strength))
    return spoilt if images.dtype == torch.uint8 else spoilt.float().div_(255)


def _check(images: Tensor, severity: int, samples: Tensor) -> None:
    if severity not in SEVERITIES:
        raise ValueError(f"severity {severity} is not one of 1 to 5")
    if images.dtype not in (torch.uint8, torch.float32):
        raise ValueError(f"images are float32 or uint8, not {images.dtype}")
    if images.ndim != 4 or images.shape[1] not in (1, 3) or min(images.shape[-2:]) < 32:
        raise ValueError(f"images have the shape (n, 1 or 3, h, w) from 32 pixels on, not {tuple(images.shape)}")
    if samples.shape != images.shape[:1]:
        raise ValueError(f"{len(images)} images need {len(images)} samples, not {samples.numel()}")
