"""How many singular values each layer keeps under a budget."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Spectrum:
    """A matrix by its singular values.

    Attributes
    ----------
    rows, columns : int
        Its sides.
    values : array of float64
        The singular values, the largest first.
    """

    rows: int
    columns: int
    values: NDArray[np.float64]

    @property
    def size(self) -> int:
        """Number of the matrix's elements."""
        return self.rows * self.columns

    @property
    def most(self) -> int:
        """The largest rank whose two factors are smaller than the matrix."""
        return (self.size - 1) // (self.rows + self.columns)

    def cost(self, rank: int) -> int:
        """Return how many elements are kept at a rank: those of the factors, or of the matrix if it is smaller."""
        return rank * (self.rows + self.columns) if rank <= self.most else self.size

    def energy(self) -> NDArray[np.float64]:
        """Return the share of the squared norm that the first 0, 1, 2 … singular values have; 1 of a zero matrix."""
        squares = np.concatenate([[0.0], np.cumsum(self.values**2)])
        return squares / squares[-1] if squares[-1] else np.ones_like(squares)

    def lost(self, rank: int) -> float:
        """Return ‖W − W_r‖ / ‖W‖ of the best approximation of a rank (Eckart–Young–Mirsky)."""
        whole = float(np.sum(self.values**2))
        return float(np.sum(self.values[rank:] ** 2) / whole) ** 0.5 if whole and rank <= self.most else 0.0


def by_layer(spectra: Mapping[str, Spectrum], keep: float) -> dict[str, int]:
    """Return the largest ranks at which each layer keeps at most that share of its elements, but 1 at least."""
    return {name: _largest(spectrum, keep * spectrum.size) for name, spectrum in spectra.items()}


def by_energy(spectra: Mapping[str, Spectrum], keep: float) -> dict[str, int]:
    """Return the smallest ranks at which each layer keeps at least that share of its squared norm, but 1 at least."""
    reached = {name: np.argmax(spectrum.energy() >= keep - 1e-12) for name, spectrum in spectra.items()}
    return {name: max(1, int(rank)) for name, rank in reached.items()}


def together(spectra: Mapping[str, Spectrum], keep: float) -> dict[str, int]:
    """Return ranks for one budget of all layers' elements: what loses least of the layers' norms for each of them.

    A singular value is worth its share of its own layer's squared norm, over the elements that its rank costs; those of
    most worth are kept as far as the budget goes. Every layer keeps 1 at least; one that would not become smaller stays
    whole.
    """
    budget = keep * sum(spectrum.size for spectrum in spectra.values())
    worths = {name: _worths(spectrum) for name, spectrum in spectra.items()}
    steps = np.unique(np.concatenate([*worths.values(), [0.0, np.inf]]))
    low, high = 0, len(steps) - 1  # indices into thresholds: the first may be too dear, the last never is
    while low < high:
        middle = (low + high) // 2
        within = _cost(spectra, _above(worths, steps[middle])) <= budget
        low, high = (low, middle) if within else (middle + 1, high)
    return _above(worths, steps[low])


def _largest(spectrum: Spectrum, budget: float) -> int:
    if budget >= spectrum.size:
        return spectrum.most + 1
    return max(1, min(spectrum.most, int(budget // (spectrum.rows + spectrum.columns))))


def _worths(spectrum: Spectrum) -> NDArray[np.float64]:
    return np.diff(spectrum.energy()) / (spectrum.rows + spectrum.columns)


def _above(worths: Mapping[str, NDArray[np.float64]], threshold: float) -> dict[str, int]:
    return {name: max(1, int(np.sum(values >= threshold))) for name, values in worths.items()}


def _cost(spectra: Mapping[str, Spectrum], ranks: Mapping[str, int]) -> int:
    return sum(spectrum.cost(ranks[name]) for name, spectrum in spectra.items())


SCOPES = {"global": together, "layer": by_layer, "energy": by_energy}
"""Ways to share a budget, by name."""
