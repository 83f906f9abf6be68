"""What can be said for and against a search's answer: its intervals, its bounds, and what it may have missed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...kernels.intervals import Interval
from ..trials import Finding
from .answers import Doubts, Margin
from .bisection import Step
from .certainty import Certainty
from .goals import Bound, Goal, Tried, finding, holds

SPEEDUP = "cost.measured.speedup"
"""What tells how fast a model is in turn with the reference, in one run."""
_TIMED = ("cost.measured.latency", "cost.measured.throughput")


@dataclass(frozen=True)
class Judge:
    """Weighs points that were tried.

    Attributes
    ----------
    goal : Goal
        What the search is for.
    certainty : Certainty
        How sure values are.
    reference : str
        The reference's name.
    trials : tuple of str
        The reference's trials.
    """

    goal: Goal
    certainty: Certainty
    reference: str
    trials: tuple[str, ...]

    def found(self, tried: Tried) -> Finding:
        """Return a point with the intervals of its values."""
        known = {measure: self.certainty.interval(tried.trials, measure) for measure in self.goal.measures}
        intervals = {self.goal.name(measure): (found.low, found.high) for measure, found in known.items() if found}
        return finding(self.goal, tried).replaced(intervals=intervals)

    def front(self, tried: Sequence[Tried]) -> tuple[Finding, ...]:
        """Return what no other point beats, with its intervals."""
        return tuple(self.found(one) for one in self.goal.front(tried))

    def doubts(self, best: Tried | None, tried: Iterable[Tried], bounds: Sequence[Bound], step: Step) -> Doubts:
        """Return what speaks against taking the best as it is."""
        rivals = [one for one in tried if not one.failed and self._rivals(one, best, bounds)]
        return Doubts(
            step=step,
            margins=self.margins(best) if best else (),
            rivals=tuple(name for rival in rivals for name in rival.models),
            reference=self.reference,
            timed=best is not None and any(measure in _TIMED for measure in self.goal.measures),
            speedup=self.certainty.interval(best.trials, SPEEDUP) if best else None,
        )

    def margins(self, tried: Tried) -> tuple[Margin, ...]:
        """Return how far from each bound a point is, where an interval is known."""
        under = {m: self.certainty.interval(tried.trials, m) for m in self.goal.under}
        return (
            *(lost for measure in self.goal.keep if (lost := self._lost(measure, tried))),
            *(self._bounded(m, found) for m, found in under.items() if found),
        )

    def _bounded(self, measure: str, found: Interval) -> Margin:
        name, unit = self.goal.name(measure), self.goal.units[measure]
        return Margin(name, self.goal.under[measure], found, unit, timed=measure in _TIMED)

    def _lost(self, measure: str, tried: Tried) -> Margin | None:
        found = self.certainty.difference(self.trials, tried.trials, measure)
        if found is None:
            return None
        mean, low, high = found.interval
        worse = found.interval if self.goal.directions[measure] == "lower" else Interval(-mean, -high, -low)
        unit = self.goal.units[measure]
        return Margin(self.goal.name(measure), self.goal.keep[measure], worse, unit, self.reference, found.paired)

    def _rivals(self, one: Tried, best: Tried | None, bounds: Sequence[Bound]) -> bool:
        """Say whether a point would be better than the best, and misses bounds by less than their intervals alone."""
        assert one.values is not None
        if holds(bounds, one.values):
            return False
        within = {margin.measure for margin in self.margins(one) if margin.reaches}
        missed = {self.goal.name(bound.measure) for bound in bounds if bound.excess(one.values) > 0}
        return missed <= within and (best is None or self.goal.is_better(one, best))
