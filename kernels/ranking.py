"""One order of models from many measures.

A table has shape (models, measures), with nan where a model was not measured; every column has a direction.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from .frontier import Direction

Floats = NDArray[np.float64]


class Ranking(NamedTuple):
    """Ranks of the models by each way of aggregating, each (models,): 1 is best, equals share the mean of theirs.

    Attributes
    ----------
    mean : array
        By the mean of the measures, each scaled to [0, 1] over the models.
    borda : array
        By Borda's count.
    condorcet : array
        By how many models each beats by majority, less how many beat it (Copeland's score).
    winner : int or None
        The Condorcet winner: the model that beats every other by majority, if there is one.
    """

    mean: Floats
    borda: Floats
    condorcet: Floats
    winner: int | None


def aggregate(table: Floats, better: Sequence[Direction]) -> Ranking:
    """Rank the models by all measures together.

    Source: Colombo et al. 2022, What are the best systems? New perspectives on NLP Benchmarking, arXiv:2202.03799.
    """
    wins = pairwise_wins(table, better)
    beaten = np.sign(wins - wins.T)
    alone = np.flatnonzero((beaten > 0).sum(1) == len(wins) - 1)
    return Ranking(
        _places(scaled_means(table, better)),
        _places(borda(table, better)),
        _places(beaten.sum(1)),
        int(alone[0]) if len(alone) else None,
    )


def pairwise_wins(table: Floats, better: Sequence[Direction]) -> NDArray[np.int64]:
    """Return by how many measures each model (row) is better than each other (column), (models, models)."""
    scores = _oriented(table, better)
    return np.array([(row > scores).sum(1) for row in scores], np.int64).reshape(len(scores), len(scores))


def borda(table: Floats, better: Sequence[Direction]) -> Floats:
    """Return each model's Borda count, (models,): of its comparisons, the share that it wins; half of a tie counts.

    Each measure compares every two models that have it. Where none is missing, this is the usual sum of ranks, scaled
    to [0, 1]. A model without comparisons gets nan.

    Source: Borda 1781, Mémoire sur les élections au scrutin.
    """
    scores = _oriented(table, better)
    won, all_ = np.zeros(len(scores)), np.zeros(len(scores))
    for column in scores.T:
        known = np.flatnonzero(~np.isnan(column))
        won[known] += rankdata(column[known]) - 1
        all_[known] += len(known) - 1
    return np.where(all_ > 0, won / np.where(all_, all_, 1), np.nan)


def scaled_means(table: Floats, better: Sequence[Direction]) -> Floats:
    """Return the mean of each model's measures, each scaled to [0, 1] over the models, 1 the best, (models,).

    A measure in which all are equal counts one half; one that a model lacks is left out for it.
    """
    scores = _oriented(table, better)
    known = ~np.isnan(scores)
    low = np.where(known, scores, np.inf).min(0, initial=np.inf)
    span = np.where(known, scores, -np.inf).max(0, initial=-np.inf) - low
    scaled = np.where(span > 0, (scores - low) / np.where(span > 0, span, 1), 0.5)
    counts = known.sum(1)
    return np.where(counts, np.where(known, scaled, 0).sum(1) / np.maximum(counts, 1), np.nan)


def _oriented(table: Floats, better: Sequence[Direction]) -> Floats:
    """Return the table so that higher is better."""
    return np.asarray(table, np.float64) * [1.0 if direction == "higher" else -1.0 for direction in better]


def _places(scores: Floats) -> Floats:
    return np.asarray(rankdata(np.where(np.isnan(scores), np.inf, -scores)))
