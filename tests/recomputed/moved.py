"""How far changes of images move features: the network in plain float64, the images moved by scipy."""

from math import cos, radians, sin

import numpy as np
from scipy import ndimage

from .material import SEED, SOME, Floats, Material
from .plain import features
from .rows import Numbers, reference


@reference("invariance", "the network in plain float64; images moved by scipy.ndimage", tolerance=1e-4)
def invariance(material: Material) -> Numbers:
    """Return how far changes move features, of how far apart samples lie."""
    import torch

    tensors, weights = material.tensors(), material.weights[material.places]
    images = material.images()[material.places].numpy()[:, 0]
    noise = torch.randn((SOME, 1, 8, 8), generator=torch.Generator().manual_seed(SEED)).double().numpy()[:, 0]
    middle = images.mean((1, 2), keepdims=True)
    moved = {
        "mirror": images[:, :, ::-1],
        "shift": np.stack([ndimage.shift(image, (0, 0.1 * 8), order=1, mode="nearest") for image in images]),
        "turn": np.stack([_turned(image, radians(15)) for image in images]),
        "fade": middle + 0.7 * (images - middle),
        "noise": images + 0.1 * noise,
    }

    def seen(pictures: Floats) -> Floats:
        return features(tensors, torch.from_numpy(np.ascontiguousarray(pictures)[:, None])).numpy()

    plain, order = seen(images), np.random.default_rng(SEED).permutation(SOME)
    pairs = list(zip(order, np.roll(order, 1), strict=True))
    apart = np.average(
        [np.linalg.norm(plain[i] - plain[j]) for i, j in pairs], weights=[weights[i] * weights[j] for i, j in pairs]
    )
    return {
        f"invariance.{name}": np.average(np.linalg.norm(seen(each) - plain, axis=1), weights=weights) / apart
        for name, each in moved.items()
    }


def _turned(image: Floats, angle: float) -> Floats:
    centre = (np.array(image.shape) - 1) / 2
    matrix = np.array([[cos(angle), sin(angle)], [-sin(angle), cos(angle)]])
    turned: Floats = ndimage.affine_transform(image, matrix, centre - matrix @ centre, order=1, mode="nearest")
    return turned
