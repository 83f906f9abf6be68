"""The loss along random directions from the weights."""

from collections.abc import Iterator

import numpy as np
import torch

from ...kernels.curvature import filter_direction
from ..catalogue import Quantity
from ..registry import parameter
from . import MEASURES, Evidence, Parameters, Value
from .landscape import landscape


class SliceParameters(Parameters):
    """Parameters of the loss's slices."""

    samples: int = parameter(256, "On how many samples the loss is taken.", unit="samples", ge=1)
    points: int = parameter(9, "Points along each direction; an odd number has the weights themselves.", ge=3, le=101)
    reach: float = parameter(1.0, "How far to go either way, of each filter's length.", unit="fraction", gt=0, le=10)


@MEASURES.register(
    "flatness.slices",
    title="Slices of the loss",
    citation="Li et al. 2018, Visualizing the Loss Landscape of Neural Nets, arXiv:1712.09913",
    quantities=(
        Quantity(name="flatness.slices.line", title="Loss along a direction", unit="nats"),
        Quantity(name="flatness.slices.plane", title="Loss over two directions", unit="nats"),
    ),
    version=2,
    weighs=True,
)
def slices(evidence: Evidence, parameters: SliceParameters) -> Iterator[Value]:
    """Mean cross-entropy along one filter-normalised random direction, and over the plane of it and a second.

    Values are told as ``.line.at.X`` and ``.plane.at.X,Y``, with X and Y as shares of each filter's length.

    Raises
    ------
    UserError
        If the network is not a recognised classifier of these data.
    """
    ground = landscape(evidence, parameters.samples)
    generator = torch.Generator().manual_seed(evidence.seed)
    first, second = (filter_direction(ground.point, generator) for _ in range(2))
    places = [float(x) for x in np.linspace(-parameters.reach, parameters.reach, parameters.points)]
    for x in places:
        yield Value(measure=f"flatness.slices.line.at.{x:.4g}", value=ground.at([(x, first)]), unit="nats")
    for done, x in enumerate(places):
        evidence.ticket.progress(done, len(places), "plane")
        for y in places:
            loss = ground.at([(x, first), (y, second)])
            yield Value(measure=f"flatness.slices.plane.at.{x:.4g},{y:.4g}", value=loss, unit="nats")
