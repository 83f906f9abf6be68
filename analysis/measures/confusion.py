"""Which classes the network takes for which."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...kernels.intervals.effective import effective_counts
from ...kernels.intervals.shares import mean_share
from ..catalogue import Quantity
from ..registry import parameter
from ..weights import Weights
from . import MEASURES, Evidence, Parameters, Value
from .summaries import outcome, share_value, whole_logits, with_interval


class ConfusionParameters(Parameters):
    """Parameters of the confusion matrix."""

    pairs: int = parameter(100, "How many pairs of classes are told, the most confused first.", unit="pairs", ge=1)


@MEASURES.register(
    "accuracy.confusion",
    title="Confusion",
    citation="Cohen 1960, A Coefficient of Agreement for Nominal Scales (kappa); Brodersen et al. 2010 (balanced)",
    quantities=(
        Quantity(name="accuracy.confusion", title="Confused with another class", unit="fraction", better="lower"),
        Quantity(name="accuracy.confusion.balanced", title="Balanced accuracy", unit="fraction", better="higher"),
        Quantity(name="accuracy.confusion.kappa", title="Cohen's kappa", better="higher"),
    ),
    needs=("logits",),
    version=4,
    weighs=True,
)
def confusion(evidence: Evidence, parameters: ConfusionParameters) -> Iterator[Value]:
    """Share of samples taken for another class, by pair as ``.pair.TRUE>PREDICTED``; balanced accuracy and kappa.

    A pair's share is that of all samples, so that the shares add up to the whole.

    Raises
    ------
    UserError
        If the labels do not fit the network.
    """
    logits, prediction = whole_logits(evidence), outcome(evidence).prediction
    yield share_value("accuracy.confusion", prediction != evidence.labels, evidence.weights)
    matrix = confusion_matrix(evidence.labels, prediction, logits.shape[1], evidence.weights)
    hits, sizes = _by_class(matrix, evidence, prediction)
    recall = mean_share(hits[sizes > 0], sizes[sizes > 0])
    yield with_interval("accuracy.confusion.balanced", recall, "fraction")
    yield Value(measure="accuracy.confusion.kappa", value=_kappa(matrix))
    yield from pair_values("accuracy.confusion", np.where(np.eye(len(matrix)), 0, matrix), evidence, parameters.pairs)


def confusion_matrix(
    labels: NDArray[np.int64], predictions: NDArray[np.int64], classes: int, weights: Weights = None
) -> NDArray[Any]:
    """Return how many samples of each true class (rows) are taken for each class (columns), or what they weigh."""
    return np.bincount(labels * classes + predictions, weights, classes**2).reshape(classes, classes)


def _by_class(
    matrix: NDArray[Any], evidence: Evidence, prediction: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the hits and the sizes of the classes, or of the equal samples that say as much as weighted ones."""
    if evidence.weights is None:
        return matrix.diagonal(), matrix.sum(1)
    squares = confusion_matrix(evidence.labels, prediction, len(matrix), evidence.weights**2)
    return effective_counts(matrix.diagonal(), matrix.sum(1), squares.diagonal(), squares.sum(1))


def pair_values(name: str, counts: NDArray[Any], evidence: Evidence, most: int) -> Iterator[Value]:
    """Give the shares of all samples that pairs of classes have, as ``name.pair.ROW>COLUMN``, the largest first."""
    names = [*evidence.classes, *map(str, range(len(evidence.classes), len(counts)))]  # outputs without a class
    whole = len(evidence.labels) if evidence.weights is None else evidence.weights.sum()
    order = np.argsort(-np.abs(counts), axis=None, kind="stable")[:most]
    for row, column in zip(*np.unravel_index(order, counts.shape), strict=True):
        if counts[row, column]:
            share = float(counts[row, column] / whole)
            yield Value(measure=f"{name}.pair.{names[row]}>{names[column]}", value=share, unit="fraction")


def _kappa(matrix: NDArray[Any]) -> float:
    shares = matrix / matrix.sum()
    chance = float(shares.sum(0) @ shares.sum(1))
    return (float(shares.trace()) - chance) / (1 - chance) if chance < 1 else 0.0
