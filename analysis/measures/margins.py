"""Margins: the geometry of the features at the classifier head."""

from collections.abc import Iterator

import numpy as np
import torch

from ...kernels.bootstrap import mean_interval
from ...kernels.margins import margins
from ..catalogue import Quantity
from ..errors import UserError
from ..registry import Parameters, parameter
from ..trials import Value
from . import MEASURES, Column, Evidence

_UNITS = {"angle": "degrees", "norm": "", "margin": ""}


class MarginParameters(Parameters):
    """Parameters of the margins."""

    resamples: int = parameter(1000, "Bootstrap resamples of the intervals.", ge=100, le=100_000)


@MEASURES.register(
    "geometry.margins",
    title="Angle, norm and margin",
    citation="Li et al. 2022, Understanding Robustness Lottery: a geometric visual comparative analysis of pruning",
    needs=("logits", "features"),
    quantities=(
        Quantity(name="geometry.margins.angle", title="Angle to own class", unit="degrees", better="lower"),
        Quantity(name="geometry.margins.norm", title="Feature norm"),
        Quantity(name="geometry.margins.margin", title="Margin", better="higher"),
        Quantity(name="geometry.margins.negative", title="Negative margins", unit="fraction", better="lower"),
        Quantity(name="geometry.margins.rival", title="Rival class", per_sample=True),
    ),
)
def geometry_margins(evidence: Evidence, parameters: MarginParameters) -> Iterator[Value | Column]:
    """Angle to the own class direction, feature norm and signed distance to the nearest boundary."""
    weight, bias = _head(evidence)
    found = margins(
        torch.from_numpy(evidence.columns["features"]).to(evidence.device),
        torch.from_numpy(evidence.labels).to(evidence.device),
        weight.to(evidence.device),
        None if bias is None else bias.to(evidence.device),
    )
    yield Column("geometry.margins.rival", found.rival.cpu().numpy().astype(np.int32))
    for name, unit in _UNITS.items():
        values = getattr(found, name).cpu().numpy()
        yield Column(f"geometry.margins.{name}", values, unit)
        mean, low, high = mean_interval(values, evidence.seed, parameters.resamples)
        yield Value(measure=f"geometry.margins.{name}", value=mean, low=low, high=high, unit=unit)
    margin = found.margin.cpu().numpy()
    mean, low, high = mean_interval(margin < 0, evidence.seed, parameters.resamples)
    yield Value(measure="geometry.margins.negative", value=mean, low=low, high=high, unit="fraction")
    for label, name in enumerate(evidence.classes):
        own = margin[evidence.labels == label]
        if len(own):
            mean, low, high = mean_interval(own, evidence.seed, parameters.resamples)
            yield Value(measure=f"geometry.margins.margin.class.{name}", value=mean, low=low, high=high)


def _head(evidence: Evidence) -> tuple[torch.Tensor, torch.Tensor | None]:
    checkpoint, architecture = evidence.checkpoint, evidence.checkpoint.architecture
    if architecture is None:
        raise UserError(f"{checkpoint.path} has no recognised classifier head.", "Measure something else on it.")
    bias = f"{architecture.head}.bias"
    weight = checkpoint.tensor(f"{architecture.head}.weight")
    return weight, checkpoint.tensor(bias) if bias in checkpoint.specs else None
