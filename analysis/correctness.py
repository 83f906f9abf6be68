"""Which samples each model has right: accuracy of any subset, and paired tests, without running a network."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kernels.intervals import Interval
from ..kernels.intervals.paired import difference_interval, paired_interval
from ..kernels.intervals.shares import hits_interval, share_bounds
from ..kernels.packed import Words, counts, pack, packed_contingency, unpack, words
from ..kernels.paired import Contingency, McNemar, mcnemar
from .columns import read_octets
from .errors import unknown
from .weights import Weights

SIGNIFICANT = 0.05
"""Largest p-value at which two models count as told apart."""


class Difference(NamedTuple):
    """What tells a second model from a first.

    Attributes
    ----------
    table : Contingency
        Samples that both have right, only the first, only the second, neither.
    gain : Interval
        Accuracy of the second less that of the first, with its paired interval.
    p : McNemar or None
        That the gain is chance; None of weighted samples, for which the test has no form.
    """

    table: Contingency
    gain: Interval
    p: McNemar | None

    @property
    def distinguishable(self) -> bool:
        """Whether the exact test tells the models apart; of weighted samples, whether the interval leaves out 0."""
        return self.p.exact <= SIGNIFICANT if self.p else self.gain.low > 0 or self.gain.high < 0

    @property
    def verdict(self) -> str:
        """What that means, in words."""
        interval = f"weighted, 95 % interval {self.gain.low:+.2%} to {self.gain.high:+.2%}"
        why = f"McNemar's exact p = {self.p.exact:.3g}" if self.p else interval
        if not self.distinguishable:
            return f"not distinguishable ({why})"
        word = "more" if self.gain.mean > 0 else "less"
        return f"{word} accurate by {abs(self.gain.mean):.2%} ({why})"


@dataclass(frozen=True)
class Correctness:
    """What many models have right of the same samples.

    Attributes
    ----------
    models : tuple of str
        Their identities or names.
    rows : array of uint64, shape (models, words)
        Packed, as `graftwork.kernels.packed.pack` does.
    samples : int
        How many samples there are.
    weights : array of float64, shape (samples,), or None
        What they weigh, 0 and above; None where all count alike.
    """

    models: tuple[str, ...]
    rows: Words
    samples: int
    weights: Weights = None

    @cached_property
    def _places(self) -> dict[str, int]:
        return {model: place for place, model in enumerate(self.models)}

    def accuracies(self, within: NDArray[np.bool_] | None = None) -> dict[str, Interval]:
        """Return each model's accuracy over a subset, (samples,), with its interval; nothing over no samples."""
        if self.weights is not None:
            rows = ((model, self._accuracy(row, within)) for model, row in zip(self.models, self.rows, strict=True))
            return {model: found for model, found in rows if found}
        size = self.samples if within is None else int(np.count_nonzero(within))
        if not size:
            return {}
        hits = counts(self.rows, None if within is None else pack(within))
        columns = (column.tolist() for column in (hits / size, *share_bounds(hits, size)))
        return dict(zip(self.models, map(Interval, *columns), strict=True))

    def difference(self, first: str, second: str, within: NDArray[np.bool_] | None = None) -> Difference:
        """Compare two models over a subset.

        Raises
        ------
        UserError
            If one of them is not here.
        ValueError
            If the subset is empty, or all of it has the weight 0.
        """
        own, other = (self.rows[self._place(model)] for model in (first, second))
        size = self.samples if within is None else int(np.count_nonzero(within))
        table = packed_contingency(own, other, size, None if within is None else pack(within))
        if self.weights is not None:
            return Difference(table, self._gain(own, other, self.weights, within), None)
        gain = difference_interval(table.first, table.second, table.size)
        return Difference(table, gain, mcnemar(table.first, table.second))

    def right(self, model: str) -> NDArray[np.bool_]:
        """Return which samples a model has right, (samples,).

        Raises
        ------
        UserError
            If it is not here.
        """
        return unpack(self.rows[self._place(model)], self.samples)

    def _accuracy(self, row: Words, within: NDArray[np.bool_] | None) -> Interval | None:
        return hits_interval(unpack(row, self.samples), self.weights, within)

    def _gain(
        self, own: Words, other: Words, weights: NDArray[np.float64], within: NDArray[np.bool_] | None
    ) -> Interval:
        counted = weights > 0 if within is None else within & (weights > 0)
        first, second = (unpack(row, self.samples)[counted].astype(np.int8) for row in (own, other))
        gain = paired_interval(second - first, weights[counted])
        assert gain, "differences of −1, 0 and 1 have an interval"
        return gain

    def _place(self, model: str) -> int:
        if model not in self._places:
            raise unknown("measured model called", model, list(self.models))
        return self._places[model]


def read_rows(files: Iterable[Path]) -> Words:
    """Return the packed rows of the files' columns ``correct``, (models, words); all of the same samples."""
    return np.stack([words(read_octets(file, "correct")[0]) for file in files])
