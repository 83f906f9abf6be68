"""For how many samples a network's scores can be compared, and what is said of a network that gives few such."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError

_NEXT = "Look for infinite weights or a negative running_var among its tensors."


class NoScoresError(UserError):
    """A measure cannot do without scores that a network does not give."""


def scored(logits: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which samples have a highest score, (samples,): none is NaN, and the highest is not infinite.

    Parameters
    ----------
    logits : array, shape (samples, classes)
        A score of minus infinity, as of a class that is shut out, is lower than any other.
    """
    return np.asarray(np.isfinite(logits.max(axis=1)))


def require_some_scores(logits: NDArray[np.float32]) -> None:
    """Demand that at least one sample is `scored`.

    Raises
    ------
    NoScoresError
        If none is.
    """
    if not scored(logits).any():
        raise NoScoresError(f"The scores of all {len(logits):,} samples are NaN or infinite.", _NEXT)


def require_all_scores(logits: NDArray[np.float32]) -> None:
    """Demand that every sample is `scored`.

    Raises
    ------
    NoScoresError
        If one is not.
    """
    missing = np.count_nonzero(~scored(logits))
    if missing:
        raise NoScoresError(f"The scores of {missing:,} of {len(logits):,} samples are NaN or infinite.", _NEXT)


def told_of_scores(model: str, data: str, logits: NDArray[np.float32], labels: NDArray[np.int64]) -> Iterator[str]:
    """Say of how many samples a network says nothing, whether it tells samples apart, and where its classes tie."""
    known = scored(logits)
    if not known.all():
        yield _missing(model, data, int(np.count_nonzero(~known)), len(known))
    if known.any():
        yield from _constant(model, data, logits[known], labels[known])
        yield from _tied(model, data, logits[known])


def _missing(model: str, data: str, missing: int, samples: int) -> str:
    if missing == samples:
        return f"{model} gives NaN or infinite scores for all {samples:,} samples of {data}. {_NEXT}"
    counted = f"{missing:,} of {samples:,} samples of {data}"
    return f"{model} gives NaN or infinite scores for {counted}: they count as wrong. {_NEXT}"


def _constant(model: str, data: str, logits: NDArray[np.float32], labels: NDArray[np.int64]) -> Iterator[str]:
    if len(np.unique(labels)) < 2:
        return
    if (logits == logits[0]).all():
        yield f"{model} gives all {len(logits):,} samples of {data} the same scores."
    elif len(np.unique(logits.argmax(axis=1))) == 1:
        yield f"{model} takes all {len(logits):,} samples of {data} for the same class."


def _tied(model: str, data: str, logits: NDArray[np.float32]) -> Iterator[str]:
    shared = np.count_nonzero((logits == logits.max(axis=1, keepdims=True)).sum(axis=1) > 1)
    if shared:
        yield (
            f"{model} gives its highest score to several classes for {shared:,} of {len(logits):,} samples of {data}: "
            "the first of such classes counts as predicted."
        )
