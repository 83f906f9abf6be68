"""How flat the loss is around the weights."""

from collections.abc import Iterator

import numpy as np
import torch

from ...kernels.curvature import filter_direction, hessian_product, top_eigenvalue, trace_samples
from ..catalogue import Quantity
from ..registry import parameter
from . import MEASURES, Evidence, Parameters, Value
from .landscape import Landscape, landscape
from .summaries import mean_value


class FlatnessParameters(Parameters):
    """Parameters of flatness."""

    samples: int = parameter(256, "On how many samples the loss is taken.", unit="samples", ge=1)
    probes: int = parameter(10, "Random probes of the trace.", ge=2, le=1000)
    steps: int = parameter(20, "Most Lanczos steps to the top eigenvalue.", ge=2, le=500)
    sigma: float = parameter(0.05, "Length of the weights' noise, of each filter's own.", unit="fraction", gt=0, le=10)
    draws: int = parameter(10, "How often noise is drawn.", ge=2, le=1000)


@MEASURES.register(
    "flatness",
    title="Flatness of the loss",
    citation="Liu et al. 2023, Same Pre-training Loss, Better Downstream, arXiv:2210.14199; Yao et al. 2020, PyHessian",
    quantities=(
        Quantity(name="flatness.trace", title="Trace of the loss's Hessian", unit="nats", better="lower"),
        Quantity(name="flatness.eigenvalue", title="Its largest eigenvalue", unit="nats", better="lower"),
        Quantity(name="flatness.sharpness", title="Loss gained by noise", unit="nats", better="lower"),
    ),
    version=3,
    weighs=True,
)
def flatness(evidence: Evidence, parameters: FlatnessParameters) -> Iterator[Value]:
    """Trace and top eigenvalue of the loss's Hessian, and what noise on the weights adds to the loss.

    The loss is the mean cross-entropy of the network in evaluation mode. The trace has an interval over its
    probes, the sharpness over its draws; around the eigenvalue lies the interval in which there is a true one. Noise
    is filter-normalised (`graftwork.kernels.curvature.filter_direction`).

    Raises
    ------
    UserError
        If the network is not a recognised classifier of these data.
    """
    ground = landscape(evidence, parameters.samples)
    product = hessian_product(ground.loss, ground.point)
    probes = trace_samples(product, ground.point, parameters.probes, evidence.seed)
    yield mean_value("flatness.trace", np.array(list(probes)), "nats")
    value, residual = top_eigenvalue(product, ground.point, parameters.steps, evidence.seed)
    yield Value(measure="flatness.eigenvalue", value=value, low=value - residual, high=value + residual, unit="nats")
    yield mean_value("flatness.sharpness", np.array(_rises(ground, parameters, evidence)), "nats")


def _rises(ground: Landscape, parameters: FlatnessParameters, evidence: Evidence) -> list[float]:
    generator = torch.Generator().manual_seed(evidence.seed)
    here = ground.at(())
    rises = []
    for _ in range(parameters.draws):
        evidence.ticket.check()
        rises.append(ground.at([(parameters.sigma, filter_direction(ground.point, generator))]) - here)
    return rises
