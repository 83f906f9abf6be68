"""Complexity of the function that an untrained network computes, as As-ViT scores topologies."""

from collections.abc import Iterator
from math import pi, sqrt

import numpy as np
import torch
from torch import Tensor

from ..catalogue import Quantity
from ..errors import UserError
from ..registry import parameter
from . import MEASURES, Evidence, Parameters, Value
from .summaries import mean_value
from .untrained import Weights, architecture_of, prepared, weights_parameter

_BATCH = 64


class LengthDistortionParameters(Parameters):
    """Parameters of the length distortion."""

    circles: int = parameter(5, "Random circles whose images are measured.", ge=2, le=1000)
    chords: int = parameter(128, "Into how many chords each circle is cut.", unit="chords", ge=8, le=100_000)
    weights: Weights = weights_parameter()


@MEASURES.register(
    "proxy.aszero",
    title="Length distortion",
    citation="Chen et al. 2022, Auto-scaling Vision Transformers without Training, arXiv:2202.11921",
    dataless=True,
    quantities=(Quantity(name="proxy.aszero", title="Length distortion", better="higher"),),
    version=3,
)
def aszero(evidence: Evidence, parameters: LengthDistortionParameters) -> Iterator[Value]:
    """How many times longer a circle of inputs becomes as a curve of outputs; the mean over circles, with its interval.

    A circle is √d · (u cos θ + v sin θ) for random orthogonal unit vectors u and v of the d numbers of an input. Its
    image's length is summed over chords, so that it is a little short. Weights that were pruned away are not there. The
    interval is that of the circles drawn; how well it ranks networks by what they reach when trained, it does not tell.

    Raises
    ------
    UserError
        If the network is not recognised, or takes tokens, between which there is no curve.
    """
    architecture = architecture_of(evidence)
    if architecture.inputs == "tokens":
        raise UserError("No circle of inputs exists for a network that takes tokens.", "Leave proxy.aszero out.")
    network = prepared(evidence, parameters.weights)
    generator = torch.Generator().manual_seed(evidence.seed)
    ratios = []
    for done in range(parameters.circles):
        evidence.ticket.progress(done, parameters.circles, "circles")
        circle = _circle(architecture.input_shape, parameters.chords, generator).to(evidence.device)
        with torch.inference_mode():
            image = torch.cat([network(part) for part in torch.split(circle, _BATCH)])
        ratios.append(_length(image) / _length(circle))
    yield mean_value("proxy.aszero", np.array(ratios))


def _circle(shape: tuple[int, ...], chords: int, generator: torch.Generator) -> Tensor:
    """Return a closed circle, (chords + 1, *shape)."""
    size = int(torch.tensor(shape).prod())
    plane = torch.linalg.qr(torch.randn(size, 2, generator=generator)).Q
    angles = torch.linspace(0, 2 * pi, chords + 1)
    flat: Tensor = torch.stack([angles.cos(), angles.sin()], 1) @ plane.T
    return (sqrt(size) * flat).view(-1, *shape)


def _length(curve: Tensor) -> float:
    return float(torch.linalg.vector_norm(curve.flatten(1).double().diff(dim=0), dim=1).sum())
