"""Which samples each model has right: accuracy of any subset, and paired tests, without running a network."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kernels.intervals import Interval
from ..kernels.intervals.paired import difference_interval
from ..kernels.intervals.shares import share_bounds
from ..kernels.packed import Words, counts, pack, packed_contingency, words
from ..kernels.paired import Contingency, McNemar, mcnemar
from .columns import read_octets
from .errors import unknown

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
    p : McNemar
        That the gain is chance.
    """

    table: Contingency
    gain: Interval
    p: McNemar

    @property
    def distinguishable(self) -> bool:
        """Whether the exact test tells the models apart."""
        return self.p.exact <= SIGNIFICANT

    @property
    def verdict(self) -> str:
        """What that means, in words."""
        if not self.distinguishable:
            return f"not distinguishable (McNemar's exact p = {self.p.exact:.3g})"
        word = "more" if self.gain.mean > 0 else "less"
        return f"{word} accurate by {abs(self.gain.mean):.2%} (McNemar's exact p = {self.p.exact:.3g})"


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
    """

    models: tuple[str, ...]
    rows: Words
    samples: int

    @cached_property
    def _places(self) -> dict[str, int]:
        return {model: place for place, model in enumerate(self.models)}

    def accuracies(self, within: NDArray[np.bool_] | None = None) -> dict[str, Interval]:
        """Return each model's accuracy over a subset, (samples,), with its interval; nothing over no samples."""
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
            If the subset is empty.
        """
        own, other = (self.rows[self._place(model)] for model in (first, second))
        size = self.samples if within is None else int(np.count_nonzero(within))
        table = packed_contingency(own, other, size, None if within is None else pack(within))
        gain = difference_interval(table.first, table.second, table.size)
        return Difference(table, gain, mcnemar(table.first, table.second))

    def _place(self, model: str) -> int:
        if model not in self._places:
            raise unknown("measured model called", model, list(self.models))
        return self._places[model]


def read_rows(files: Iterable[Path]) -> Words:
    """Return the packed rows of the files' columns ``correct``, (models, words); all of the same samples."""
    return np.stack([words(read_octets(file, "correct")[0]) for file in files])
