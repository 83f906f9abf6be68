"""Which samples of a source a data set takes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError, unknown
from .source import Source


def choose(source: Source, classes: Sequence[str] | None, limit: int | None) -> NDArray[np.int64]:
    """Return the chosen samples of the source, ascending.

    Parameters
    ----------
    source : Source
        Where the samples are.
    classes : sequence of str or None
        Only these; None for all.
    limit : int or None
        At most so many, spread evenly over the classes, the first of each; what a small class lacks, others give.

    Raises
    ------
    UserError
        If a class is unknown, or no sample is left.
    """
    chosen = np.arange(len(source.labels))
    if classes is not None:
        chosen = chosen[np.isin(source.labels, _indices(source, classes))]
    if limit is not None:
        chosen = _spread(chosen, source.labels[chosen], limit)
    if not len(chosen):
        raise UserError(
            f"No sample of '{source.origin}' is left.", "Name a class that has samples, and a limit above 0."
        )
    return chosen


def _indices(source: Source, classes: Sequence[str]) -> list[int]:
    for name in classes:
        if name not in source.classes:
            raise unknown(f"class of '{source.origin}' called", name, list(source.classes))
    return [source.classes.index(name) for name in classes]


def _spread(samples: NDArray[np.int64], labels: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    order = np.argsort(labels, kind="stable")
    rank = np.empty(len(labels), np.int64)  # of each sample within its class
    rank[order] = np.arange(len(labels)) - np.searchsorted(labels[order], labels[order])
    return np.sort(samples[np.lexsort((labels, rank))[: max(limit, 0)]])
