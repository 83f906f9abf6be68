"""How little the features change when the input is changed in ways that should not matter."""

from collections.abc import Callable, Iterator, Sequence
from math import cos, radians, sin
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ...kernels.intervals.effective import linearised
from ...kernels.intervals.ratios import ratio_interval
from ..catalogue import Quantity
from ..errors import UserError
from ..features.capture import capture
from ..features.layers import choose_taps
from ..registry import parameter
from ..weights import Weights, some
from . import MEASURES, Evidence, Parameters, Value
from .sampling import some_inputs, spread_places
from .summaries import with_interval
from .untrained import architecture_of

Change = Literal["mirror", "shift", "turn", "fade", "noise"]
_TITLES = {
    "mirror": "Change under mirroring",
    "shift": "Change under a shift",
    "turn": "Change under a turn",
    "fade": "Change under fading",
    "noise": "Change under noise",
}
_SPREAD_APART = 1e-12


class InvarianceParameters(Parameters):
    """Parameters of invariance."""

    changes: tuple[Change, ...] = parameter(tuple(_TITLES), "What is done to the images.")
    samples: int = parameter(256, "On how many samples.", unit="samples", ge=2)
    shift: float = parameter(0.1, "How far images are shifted, of their side.", unit="fraction", gt=0, lt=1)
    turn: float = parameter(15.0, "How far they are turned.", unit="degrees", gt=0, le=180)
    fade: float = parameter(0.7, "What is left of their contrast.", unit="fraction", ge=0, lt=1)
    noise: float = parameter(0.1, "Deviation of the noise, in units of the network's inputs.", gt=0)


@MEASURES.register(
    "invariance",
    title="Invariance",
    citation="Speicher et al. 2024, Understanding the Role of Invariance in Transfer Learning",
    quantities=tuple(
        Quantity(name=f"invariance.{name}", title=title, unit="fraction", better="lower")
        for name, title in _TITLES.items()
    ),
    version=3,
    weighs=True,
)
def invariance(evidence: Evidence, parameters: InvarianceParameters) -> Iterator[Value]:
    """Distance that each change moves a sample's features, over the mean distance between two samples' features.

    0 is full invariance; at 1 the change moves a sample as far as another sample lies. Features are the input of the
    classifier head. Shifts and turns repeat the image's border. Where samples are weighted, a pair of them weighs the
    product of both.

    Raises
    ------
    UserError
        If the network is not recognised or takes no images, or all samples have the same features.
    """
    if architecture_of(evidence).inputs != "images":
        raise UserError("Images alone can be mirrored, shifted and turned.", "Leave invariance out.")
    places = spread_places(evidence, parameters.samples)
    batches, weights = list(some_inputs(evidence, places)), some(evidence.weights, places)
    plain = _features(evidence, batches)
    apart = _distances(plain, weights, evidence.seed)
    if apart.mean() < _SPREAD_APART:
        raise UserError("All samples have the same features.", "Choose two samples or more, and a network that works.")
    for done, name in enumerate(parameters.changes):
        evidence.ticket.progress(done, len(parameters.changes), name)
        change = _change(name, parameters, evidence.seed)
        moved = np.linalg.norm(_features(evidence, [change(batch) for batch in batches]) - plain, axis=1)
        yield _relative(f"invariance.{name}", linearised(moved, weights), apart)


def _features(evidence: Evidence, batches: Sequence[Tensor]) -> NDArray[np.float64]:
    network = evidence.build()
    taps = choose_taps(network, architecture_of(evidence), ("features",))
    parts = []
    with torch.inference_mode(), capture(network, taps, lambda _, values: values.flatten(1)) as captured:
        for batch in batches:
            evidence.ticket.check()
            network(batch)
            parts.append(captured["features"].cpu().double())
    return torch.cat(parts).numpy()


def _distances(features: NDArray[np.float64], weights: Weights, seed: int) -> NDArray[np.float64]:
    """Return the distance from each sample to one that a random order brings together with it, (samples,).

    Where samples are weighted, a pair weighs what both do together, and what is returned is `linearised`.
    """
    order = np.random.default_rng(seed).permutation(len(features))
    other = np.empty_like(order)
    other[order] = np.roll(order, 1)
    distances = np.linalg.norm(features - features[other], axis=1)
    return linearised(distances, None if weights is None else weights * weights[other])


def _relative(name: str, moved: NDArray[np.float64], apart: NDArray[np.float64]) -> Value:
    found = ratio_interval(moved[:, None], apart[:, None])
    if found is None:
        return Value(measure=name, value=float(moved.mean() / apart.mean()), unit="fraction")
    return with_interval(name, found, "fraction")


def _change(name: Change, parameters: InvarianceParameters, seed: int) -> Callable[[Tensor], Tensor]:
    if name == "mirror":
        return lambda images: images.flip(-1)
    if name == "fade":
        return lambda images: _faded(images, parameters.fade)
    if name == "noise":
        generator = torch.Generator().manual_seed(seed)
        return lambda images: images + parameters.noise * torch.randn(images.shape, generator=generator).to(images)
    if name == "shift":
        return lambda images: _placed(images, 0.0, 2 * parameters.shift)
    return lambda images: _placed(images, radians(parameters.turn), 0.0)


def _faded(images: Tensor, contrast: float) -> Tensor:
    middle = images.mean((1, 2, 3), keepdim=True)
    return middle + contrast * (images - middle)


def _placed(images: Tensor, angle: float, right: float) -> Tensor:
    """Turn images by an angle in radians, then shift them, in half widths."""
    matrix = torch.tensor([[cos(angle), -sin(angle), -right], [sin(angle), cos(angle), 0.0]])
    grid = F.affine_grid(matrix.expand(len(images), 2, 3).to(images), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
