"""Where samples lie relative to the classifier."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...kernels.margins import margins as margins_of
from ..catalogue import Quantity
from ..errors import UserError
from . import MEASURES, Column, Evidence, Parameters, Remark, Value
from .summaries import by_class, counting, mean_and_column, mean_value, outcome, share_value, whole_logits


class MarginParameters(Parameters):
    """Margins have no parameters."""


@MEASURES.register(
    "geometry.margins",
    title="Angle, norm and margin",
    citation="Xia et al. 2023, Understanding Robustness Lottery, arXiv:2206.07918",
    quantities=(
        *mean_and_column("geometry.margins.angle", "Angle to the own class", "degrees", "lower"),
        *mean_and_column("geometry.margins.norm", "Feature norm"),
        *mean_and_column("geometry.margins.margin", "Margin", better="higher"),
        Quantity(name="geometry.margins.negative", title="Negative margins", unit="fraction", better="lower"),
        Quantity(name="geometry.margins.rival", title="Rival class", per_sample=True),
    ),
    needs=("features", "logits"),
    version=4,
    weighs=True,
)
def margins(evidence: Evidence, parameters: MarginParameters) -> Iterator[Value | Column | Remark]:
    """Angle of each feature to its class, its norm, and its signed distance to the nearest decision boundary.

    The distance is one of features, and tells nothing of how near adversarial inputs lie. A margin is negative where
    the network is wrong. There is no angle where the feature or its class has no direction, and no margin where no
    class differs from the own one; a mean over such samples is absent.

    Raises
    ------
    UserError
        If the network has no known linear head of at least two classes, or the labels do not fit it.
    """
    logits = whole_logits(evidence)
    weight, bias = _head(evidence)
    labels = _on(evidence, evidence.labels)
    found = margins_of(_on(evidence, evidence.columns["features"]), weight, bias, labels, _on(evidence, logits))
    angle, norm, margin, rival = (values.cpu().numpy() for values in found)
    for name, values, unit in (("angle", angle, "degrees"), ("norm", norm, ""), ("margin", margin, "")):
        yield mean_value(f"geometry.margins.{name}", values, unit, weights=evidence.weights)
        yield Column(f"geometry.margins.{name}", values.astype(np.float32), unit)
    yield share_value("geometry.margins.negative", ~outcome(evidence).correct, evidence.weights)
    yield from by_class("geometry.margins.margin", margin, evidence, mean_value)
    yield Column("geometry.margins.rival", rival.astype(np.int32))
    yield from _missing("angle", "the feature, or its class in the head, is all zeros", angle, evidence)
    yield from _missing("margin", "the head has the same weights for all classes", margin, evidence)


def _missing(what: str, why: str, values: NDArray[np.float32], evidence: Evidence) -> Iterator[Remark]:
    missing = np.count_nonzero(counting(evidence, np.isnan(values)))
    if missing:
        yield Remark(f"{missing:,} of {len(values):,} samples have no {what}, and so there is no mean: {why}.")


def _head(evidence: Evidence) -> tuple[Tensor, Tensor]:
    checkpoint = evidence.checkpoint
    head = checkpoint.architecture.head if checkpoint.architecture else ""
    features, logits = evidence.columns["features"], evidence.columns["logits"]
    expected = (logits.shape[1], features.shape[1])
    name = checkpoint.ties.get(f"{head}.weight", f"{head}.weight")
    spec = checkpoint.specs.get(name)
    if spec is None or spec.shape != expected or expected[0] < 2:
        raise UserError(
            f"{checkpoint.path.name} has no linear head from {expected[1]} features to {expected[0]} classes.",
            "Choose a classifier that ends in a linear layer of at least two classes.",
        )
    weight = checkpoint.tensor(name).to(evidence.device, torch.float32)
    if f"{head}.bias" not in checkpoint.specs:
        return weight, weight.new_zeros(len(weight))
    return weight, checkpoint.tensor(f"{head}.bias").to(evidence.device, torch.float32)


def _on(evidence: Evidence, values: NDArray[Any]) -> Tensor:
    return torch.as_tensor(values, device=evidence.device)
