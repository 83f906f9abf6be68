"""The published corruptions, as `imagecorruptions` has them, made to run today and to tell their draws."""

import importlib
import math
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import scipy.ndimage
import skimage
import torch
from PIL import Image
from scipy import stats
from sklearn.datasets import load_sample_image
from torch import Tensor

from graftwork.kernels.corruptions import CORRUPTIONS
from graftwork.kernels.corruptions.constants import LARGE
from graftwork.kernels.corruptions.seeding import Draws

Array = np.ndarray[Any, np.dtype[Any]]

ELASTIC = (0.05, 0.065, 0.085, 0.1, 0.12)  # the package's own five


@dataclass
class Recorder:
    """Stands for `numpy.random`: draws from plain float32 numbers and keeps them."""

    source: np.random.Generator
    drawn: list[Array] = field(default_factory=list)

    def uniform(self, low: float, high: float, size: Any = None) -> Any:
        return low + (high - low) * self._keep(self.source.random(size, dtype=np.float32))

    def normal(self, loc: float = 0, scale: float = 1, size: Any = None) -> Any:
        return loc + scale * self._keep(self.source.standard_normal(size, dtype=np.float32))

    def randint(self, low: int, high: int | None = None, size: Any = None) -> Any:
        first, last = (0, low) if high is None else (low, high)
        return np.floor(self.uniform(first, last, size)).astype(int)

    def poisson(self, means: Array) -> Array:
        chances = self._keep(self.source.random(means.shape, dtype=np.float32))
        counts: Array = stats.poisson.ppf(chances, means)
        return counts

    def _keep(self, numbers: Any) -> Any:
        self.drawn.append(np.asarray(numbers))
        return np.float64(numbers)


class Replay(Draws):
    """Gives what was recorded, in the order in which it is asked for; one image."""

    def __init__(self, drawn: list[Array]) -> None:
        super().__init__(torch.zeros(1, dtype=torch.int64))
        object.__setattr__(
            self, "left", torch.from_numpy(np.concatenate([np.empty(0), *(part.ravel() for part in drawn)]))
        )

    def uniform(self, *shape: int, stream: int = 0) -> Tensor:
        size = int(np.prod(shape))
        left: Tensor = vars(self)["left"]
        object.__setattr__(self, "left", left[size:])
        return left[:size].float().reshape(1, *shape)

    normal = uniform


class _Numpy:
    """NumPy with a name that it has no longer, and with draws of one's choice."""

    float_ = np.float64

    def __init__(self, random: Any) -> None:
        self.random = random

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def _gaussian(image: Array, *arguments: Any, multichannel: bool = False, **options: Any) -> Any:
    filters: Any = skimage.filters
    return filters.gaussian(image, *arguments, channel_axis=-1 if multichannel else None, **options)


@contextmanager
def published(random: Any = np.random) -> Iterator[Any]:
    """Lend the reference's module, which draws from ``random``."""
    module = _module()
    with mock.patch.multiple(module, np=_Numpy(random), gaussian=_gaussian, create=True):
        yield module


@contextmanager
def recorded(seed: int) -> Iterator[tuple[Any, Recorder]]:
    """Lend the reference's module, and the recorder that it draws from."""
    recorder = Recorder(np.random.default_rng(seed))
    with published(recorder) as module:
        yield module, recorder


def strength(name: str, severity: int) -> tuple[float, ...]:
    """Return the constants that the package has."""
    if name == "elastic_transform":
        return 0.005 * 250 * ELASTIC[severity - 1], 0.01, 0
    return LARGE[name][severity - 1]


def compared(name: str, severity: int, size: tuple[int, int], mode: str = "RGB") -> float:
    """Return the mean absolute difference of ours and the published one, in 8-bit levels, given the same draws."""
    if name == "elastic_transform":
        size = (size[0], size[0])  # of other shapes the package takes the height for both
    image = picture(*size).convert(mode)
    with recorded(severity) as (module, recorder):
        theirs = tensor(getattr(module, name)(image, severity))[:, : len(mode)]
        given = {"textures": pictures(module, recorder)} if name == "frost" else {}
    draws = Replay([channels_first(part) for part in recorder.drawn])
    ours = CORRUPTIONS[name].apply(tensor(image), draws, *strength(name, severity), **given)
    return difference(ours, theirs)


def pictures(module: Any, recorder: Recorder) -> Tensor:
    """Return the package's picture of frost that was drawn, (1, 3, h, w), as large as it uses it."""
    frosts = sorted((_folder() / "frost").iterdir())
    chosen = module.cv2.imread(str(frosts[int(recorder.drawn[0] * 5)]))
    shape = tuple(math.ceil(side * 1.1) for side in chosen.shape[1::-1])
    return tensor(module.cv2.resize(chosen, shape, interpolation=module.cv2.INTER_CUBIC)[..., ::-1])


def difference(ours: Tensor, theirs: Tensor) -> float:
    """Return the mean absolute difference of images, in 8-bit levels."""
    return 255 * float((ours.clamp(0, 1) - theirs).abs().mean())


def channels_first(drawn: Array) -> Array:
    """Return the draws of an image in our order."""
    return np.moveaxis(drawn, 2, 0) if drawn.ndim == 3 else drawn


def _folder() -> Path:
    found = find_spec("imagecorruptions")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


@cache
def _module() -> Any:
    gone = ModuleType("scipy.ndimage.interpolation")
    gone.__dict__["map_coordinates"] = scipy.ndimage.map_coordinates
    finder = ModuleType("pkg_resources")
    finder.__dict__["resource_filename"] = lambda _, path: str(_folder() / path)
    lent = {gone.__name__: gone, finder.__name__: finder}
    # OpenCV points Qt at plug-ins of its own, which would take the window tests' ones away.
    with mock.patch.dict(sys.modules), mock.patch.dict(os.environ), warnings.catch_warnings():
        sys.modules |= lent
        warnings.simplefilter("ignore")
        return importlib.import_module("imagecorruptions.corruptions")


def picture(height: int, width: int, name: str = "china.jpg") -> Image.Image:
    """Return a photograph of this size."""
    return Image.fromarray(load_sample_image(name)).resize((width, height), Image.Resampling.LANCZOS)


def tensor(image: Any) -> Tensor:
    """Return an image (h, w, 3 or none) of 0 to 255 as (1, c, h, w) of 0 to 1."""
    pixels = np.asarray(image, dtype=np.float64)
    return torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1)[None] / 255).float()
