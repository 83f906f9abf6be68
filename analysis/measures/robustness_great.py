"""How sure a network is of the true class, as the GREAT score has it."""

from collections.abc import Iterator
from math import pi, sqrt

import numpy as np
from scipy.special import softmax

from . import MEASURES, Column, Evidence, Parameters, Value
from .summaries import mean_and_column, mean_value, whole_logits


class GreatParameters(Parameters):
    """The GREAT score has no parameters."""


@MEASURES.register(
    "robustness.great",
    title="GREAT score",
    citation="Li, Chen and Ho 2024, GREAT Score: Global Robustness Evaluation of Adversarial Perturbation",
    quantities=mean_and_column("robustness.great", "GREAT score (scaled probability margin)", better="higher"),
    needs=("logits",),
    version=4,
    weighs=True,
)
def great(evidence: Evidence, parameters: GreatParameters) -> Iterator[Value | Column]:
    """Mean of √(π/2) · max(p_y − max p_j, 0) over the samples: it ranks networks, and certifies no distance.

    In the paper this bounds, in the L2 norm, how far the input of a generative model must move, for a network whose
    probabilities p are averaged over standard normal noise there; the paper takes those of the network itself. Here the
    samples are the given ones, without a generative model. An adversarial example may lie at any distance: what is
    certified is told by ``robustness.bounds``, and the distance to a linear head's boundary by ``geometry.margins``.
    A sample that is wrong counts 0.

    Raises
    ------
    UserError
        If the labels do not fit the network.
    """
    probabilities = softmax(whole_logits(evidence).astype(np.float64), axis=1)
    place = evidence.labels[:, None]
    own = np.take_along_axis(probabilities, place, axis=1)[:, 0]
    np.put_along_axis(probabilities, place, -np.inf, axis=1)
    score = sqrt(pi / 2) * np.maximum(own - probabilities.max(axis=1), 0)
    yield mean_value("robustness.great", score, bounds=(0, sqrt(pi / 2)), weights=evidence.weights)
    yield Column("robustness.great", score.astype(np.float32))
