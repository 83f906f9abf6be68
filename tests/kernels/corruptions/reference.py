"""The published corruptions, as `imagecorruptions` has them, made to run with today's libraries and to tell their draws."""

import importlib
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

from graftwork.kernels.corruptions.seeding import Draws

Array = np.ndarray[Any, np.dtype[Any]]


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
        object.__setattr__(self, "left", torch.from_numpy(np.concatenate([part.ravel() for part in drawn] or [[]])))

    def uniform(self, *shape: int, stream: int = 0) -> Tensor:
        size = int(np.prod(shape))
        left: Tensor = vars(self)["left"]
        object.__setattr__(self, "left", left[size:])
        return left[:size].float().reshape(1, *shape)

    normal = uniform


class _Numpy:
    """NumPy with a name that it has no longer, and with recorded draws."""

    float_ = np.float64

    def __init__(self, recorder: Recorder) -> None:
        self.random = recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def _gaussian(image: Array, *arguments: Any, multichannel: bool = False, **options: Any) -> Any:
    return skimage.filters.gaussian(image, *arguments, channel_axis=-1 if multichannel else None, **options)


@contextmanager
def recorded(seed: int) -> Iterator[tuple[Any, Recorder]]:
    """Lend the reference's module, and the recorder that it draws from."""
    module, recorder = _module(), Recorder(np.random.default_rng(seed))
    with mock.patch.multiple(module, np=_Numpy(recorder), gaussian=_gaussian, create=True):
        yield module, recorder


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
    with mock.patch.dict(sys.modules, {gone.__name__: gone, finder.__name__: finder}), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = importlib.import_module("imagecorruptions.corruptions")
    return module


def picture(height: int, width: int, name: str = "china.jpg") -> Image.Image:
    """Return a photograph of this size."""
    return Image.fromarray(load_sample_image(name)).resize((width, height), Image.Resampling.LANCZOS)


def tensor(image: Any) -> Tensor:
    """Return an image (h, w, 3 or none) of 0 to 255 as (1, c, h, w) of 0 to 1."""
    pixels = np.asarray(image, dtype=np.float64)
    return torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1)[None] / 255).float()
