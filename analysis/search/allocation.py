"""Sharing out a budget over layers, as if what each cut costs added up.

The layers' damages, each measured alone, are summed; what the sum misses shows when the whole allocation is measured.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import Frozen

_STATES = 5_000  # partial allocations that are kept; above that, the best in each of as many steps of cost
_STEP = 0.02


@dataclass(frozen=True)
class Curve:
    """Damage against the amount that is cut of one layer: (n,) each, both ascending from zero."""

    amounts: NDArray[np.float64]
    damages: NDArray[np.float64]

    def at(self, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the damages at some amounts up to the largest, by straight lines between what was measured."""
        return np.interp(amounts, self.amounts, self.damages)

    def levels(self) -> NDArray[np.float64]:
        """Return the amounts to choose from: those measured, and every fiftieth between."""
        grid = np.arange(0, self.amounts[-1], _STEP).round(4)
        return np.union1d(grid, self.amounts)


@dataclass(frozen=True)
class Allocation:
    """Amounts by layer, the sum of their damages, and the cost that is left."""

    amounts: dict[str, float]
    damage: float
    cost: float


class Row(Frozen):
    """One layer of an allocation: its share of the cost, the amount that goes, and its damage alone."""

    layer: str
    share: float
    amount: float
    damage: float


class AllocationReport(Frozen):
    """An allocation from a scan.

    Attributes
    ----------
    measure : str
        What damage is measured by.
    rows : tuple of Row
        One a layer, in the network's order.
    kept : float
        Share of the cost that is left.
    predicted : float
        The sum of the layers' damages.
    measured : float or None
        The damage of the whole; None while it has not been run.
    recipe : str
        The recipe, as TOML, that makes and measures it.
    """

    measure: str
    rows: tuple[Row, ...]
    kept: float
    predicted: float
    measured: float | None
    recipe: str


def monotone(points: Mapping[float, float]) -> Curve:
    """Return the curve through measured damages by amount: the worst so far, so that noise is never a gain."""
    amounts = np.array(sorted({0.0, *points}))
    damages = np.array([points.get(amount, 0.0) if amount else 0.0 for amount in amounts])
    return Curve(amounts, np.maximum.accumulate(np.maximum(damages, 0)))


def allocate(curves: Mapping[str, Curve], costs: Mapping[str, float], budget: float) -> Allocation:
    """Return the amounts of least summed damage that leave at most a budget of cost.

    A knapsack with several choices an item, by dynamic programming over the partial allocations that no other beats in
    both cost and damage. It is exact while there are no more than 5,000 of them; then it may leave a few tenths of a
    percent of the budget unused.

    Parameters
    ----------
    curves : mapping of str to Curve
        By layer.
    costs : mapping of str to float
        What a layer costs uncut, by layer; a cut leaves its share of that.
    budget : float
        The most that may be left, in the same unit.

    Raises
    ------
    UserError
        If the largest amounts of all layers leave more.

    Source: Kellerer, Pferschy and Pisinger 2004, Knapsack Problems, chapter 11 (dynamic programming with dominance).
    """
    levels = {layer: curve.levels() for layer, curve in curves.items()}
    least = sum(costs[layer] * (1 - chosen[-1]) for layer, chosen in levels.items())
    if least > budget * (1 + 1e-9):
        raise UserError(
            f"The largest amounts that were scanned leave {_share(least, costs)} of the cost, and the budget is"
            f" {_share(budget, costs)}.",
            "Scan larger amounts, or take a larger budget.",
        )
    kept = [_option(costs[layer], curves[layer], chosen) for layer, chosen in levels.items()]
    picks, cost, damage = _knapsack(kept, budget, sum(costs.values()) / _STATES)
    amounts = {layer: float(levels[layer][pick]) for layer, pick in zip(levels, picks, strict=True)}
    return Allocation(amounts, damage, cost)


def allocate_reference(curves: Mapping[str, Curve], costs: Mapping[str, float], budget: float) -> Allocation:
    """Return `allocate` by trying every combination."""
    best: Allocation | None = None
    for amounts in itertools.product(*(curve.levels() for curve in curves.values())):
        chosen = {layer: float(amount) for layer, amount in zip(curves, amounts, strict=True)}
        cost = sum(costs[layer] * (1 - amount) for layer, amount in chosen.items())
        damage = sum(float(curves[layer].at(np.array([amount]))[0]) for layer, amount in chosen.items())
        if cost <= budget * (1 + 1e-9) and (best is None or damage < best.damage):
            best = Allocation(chosen, damage, cost)
    assert best is not None
    return best


@dataclass(frozen=True)
class _Options:
    """What may become of one layer: (levels,) each."""

    costs: NDArray[np.float64]
    damages: NDArray[np.float64]


def _option(cost: float, curve: Curve, levels: NDArray[np.float64]) -> _Options:
    return _Options(cost * (1 - levels), curve.at(levels))


def _knapsack(layers: Sequence[_Options], budget: float, step: float) -> tuple[list[int], float, float]:
    """Return the level of each layer, their cost and their damage."""
    cost, damage = np.zeros(1), np.zeros(1)
    trail: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    rest = sum(options.costs.min() for options in layers)
    for options in layers:
        rest -= options.costs.min()
        costs, damages = (cost[:, None] + options.costs).ravel(), (damage[:, None] + options.damages).ravel()
        kept = _undominated(costs, damages, budget * (1 + 1e-9) - rest, step)
        cost, damage = costs[kept], damages[kept]
        before, level = np.divmod(kept, len(options.costs))
        trail.append((before, level))
    state = int(damage.argmin())
    return _followed(trail, state), float(cost[state]), float(damage[state])


def _undominated(
    costs: NDArray[np.float64], damages: NDArray[np.float64], budget: float, step: float
) -> NDArray[np.intp]:
    """Return which states no other beats within the budget, thinned to one a step of cost where there are too many."""
    order = np.lexsort((damages, costs))
    order = order[costs[order] <= budget]
    ranked = damages[order]
    order = order[np.concatenate(([True], ranked[1:] < np.minimum.accumulate(ranked)[:-1]))]
    if len(order) <= _STATES:
        return order
    # Damage falls as cost grows, so the last of each step is its best.
    steps = np.floor(costs[order] / step)
    return order[np.concatenate((steps[1:] != steps[:-1], [True]))]


def _followed(trail: Iterable[tuple[NDArray[np.intp], NDArray[np.intp]]], state: int) -> list[int]:
    picks = []
    for before, level in reversed(list(trail)):
        picks.append(int(level[state]))
        state = int(before[state])
    return picks[::-1]


def _share(cost: float, costs: Mapping[str, float]) -> str:
    return f"{100 * cost / sum(costs.values()):.3g} %"
