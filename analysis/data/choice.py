"""Which samples of a source a data set takes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError, unknown
from .labelled import Labels


def choose(origin: str, labelled: Labels, wanted: Sequence[str] | None, limit: int | None) -> NDArray[np.int64]:
    """Return the chosen samples, ascending.

    Parameters
    ----------
    origin : str
        What to call the data set in an error.
    labelled : (array of int64, tuple of str)
        Labels and class names of all samples.
    wanted : sequence of str or None
        Only these classes; None for all.
    limit : int or None
        At most so many, spread evenly over the classes, the first of each; what a small class lacks, others give.

    Raises
    ------
    UserError
        If a class is unknown, or no sample is left.
    """
    labels, classes = labelled
    chosen = np.arange(len(labels))
    if wanted is not None:
        chosen = chosen[np.isin(labels, _indices(origin, classes, wanted))]
    if limit is not None:
        chosen = _spread(chosen, labels[chosen], limit)
    if not len(chosen):
        raise UserError(f"No sample of '{origin}' is left.", "Name a class that has samples, and a limit above 0.")
    return chosen


def _indices(origin: str, classes: Sequence[str], wanted: Sequence[str]) -> list[int]:
    for name in wanted:
        if name not in classes:
            raise unknown(f"class of '{origin}' called", name, list(classes))
    return [classes.index(name) for name in wanted]


def _spread(samples: NDArray[np.int64], labels: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    order = np.argsort(labels, kind="stable")
    rank = np.empty(len(labels), np.int64)  # of each sample within its class
    rank[order] = np.arange(len(labels)) - np.searchsorted(labels[order], labels[order])
    return np.sort(samples[np.lexsort((labels, rank))[: max(limit, 0)]])
