"""How far an input must be moved, at least, to change what the network says."""

from collections.abc import Iterator
from math import pi, sqrt

import numpy as np
from scipy.special import softmax

from . import MEASURES, Column, Evidence, Parameters, Value
from .summaries import mean_and_column, mean_value, whole_logits


class GreatParameters(Parameters):
    """The GREAT score has no parameters."""


@MEASURES.register(
    "robustness.certified",
    title="GREAT score",
    citation="Li, Chen and Ho 2024, GREAT Score: Global Robustness Evaluation of Adversarial Perturbation",
    quantities=mean_and_column("robustness.certified", "GREAT score", better="higher"),
    needs=("logits",),
    version=4,
    weighs=True,
)
def great(evidence: Evidence, parameters: GreatParameters) -> Iterator[Value | Column]:
    """Mean certified distance √(π/2) · max(p_y − max p_j, 0) of the given samples, in units of the network's inputs.

    The score certifies, in the L2 norm, the network whose probabilities are averaged over standard normal noise on the
    inputs; as in the paper, the probabilities of the network itself stand for those. The paper draws the samples from
    a generative model; here they are the given ones, and a sample that is wrong counts 0.

    Raises
    ------
    UserError
        If the labels do not fit the network.
    """
    probabilities = softmax(whole_logits(evidence).astype(np.float64), axis=1)
    place = evidence.labels[:, None]
    own = np.take_along_axis(probabilities, place, axis=1)[:, 0]
    np.put_along_axis(probabilities, place, -np.inf, axis=1)
    distance = sqrt(pi / 2) * np.maximum(own - probabilities.max(axis=1), 0)
    yield mean_value("robustness.certified", distance, bounds=(0, sqrt(pi / 2)), weights=evidence.weights)
    yield Column("robustness.certified", distance.astype(np.float32))
