"""Which classes the network takes for which."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...kernels.intervals.shares import mean_share
from ..catalogue import Quantity
from ..registry import parameter
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
    version=3,
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
    yield share_value("accuracy.confusion", prediction != evidence.labels)
    matrix = confusion_matrix(evidence.labels, prediction, logits.shape[1])
    present = matrix.sum(1) > 0
    recall = mean_share(matrix.diagonal()[present], matrix.sum(1)[present])
    yield with_interval("accuracy.confusion.balanced", recall, "fraction")
    yield Value(measure="accuracy.confusion.kappa", value=_kappa(matrix))
    yield from pair_values("accuracy.confusion", np.where(np.eye(len(matrix)), 0, matrix), evidence, parameters.pairs)


def confusion_matrix(labels: NDArray[np.int64], predictions: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return how many samples of each true class (rows) are taken for each class (columns)."""
    return np.bincount(labels * classes + predictions, minlength=classes**2).reshape(classes, classes)


def pair_values(name: str, counts: NDArray[np.int64], evidence: Evidence, most: int) -> Iterator[Value]:
    """Give the shares of all samples that pairs of classes have, as ``name.pair.ROW>COLUMN``, the largest first."""
    names = [*evidence.classes, *map(str, range(len(evidence.classes), len(counts)))]  # outputs without a class
    order = np.argsort(-np.abs(counts), axis=None, kind="stable")[:most]
    for row, column in zip(*np.unravel_index(order, counts.shape), strict=True):
        if counts[row, column]:
            share = float(counts[row, column] / len(evidence.labels))
            yield Value(measure=f"{name}.pair.{names[row]}>{names[column]}", value=share, unit="fraction")


def _kappa(matrix: NDArray[np.int64]) -> float:
    shares = matrix / matrix.sum()
    chance = float(shares.sum(0) @ shares.sum(1))
    return (float(shares.trace()) - chance) / (1 - chance) if chance < 1 else 0.0
