"""What a search found, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...kernels.intervals import Interval
from ..recipe import Search
from ..trials import Finding
from ..wording import counted
from .bisection import Step
from .goals import SLACK, Goal

_POINTS = "points"
_SHARES = {"fraction": "%", _POINTS: _POINTS}


@dataclass(frozen=True)
class Margin:
    """A bound, and what is held against it.

    Attributes
    ----------
    measure : str
        The name of what is bounded.
    limit : float
        The most that may be.
    found : Interval
        What there is: the value, or how much worse than the reference's it is, in the measure's unit.
    unit : str
        The measure's unit.
    reference : str
        The reference's name; empty for a bound on the value itself.
    paired : bool
        Whether the difference to the reference comes from both values of each sample.
    timed : bool
        Whether the interval is that of a time: the quartiles of its passes.
    """

    measure: str
    limit: float
    found: Interval
    unit: str = ""
    reference: str = ""
    paired: bool = False
    timed: bool = False

    @property
    def reaches(self) -> bool:
        """Whether the interval begins within the bound."""
        return self.found.low <= self.limit

    @property
    def straddles(self) -> bool:
        """Whether the interval goes beyond the bound."""
        return self.found.high > self.limit + SLACK * abs(self.limit)


@dataclass(frozen=True)
class Doubts:
    """What speaks against taking an answer as it is.

    Attributes
    ----------
    step : Step
        Where bisection is, if it is that.
    margins : tuple of Margin
        How far from its bounds the answer is.
    rivals : tuple of str
        Models that would be better, and miss a bound by less than an interval.
    reference : str
        The reference's name.
    timed : bool
        Whether a measured time decides.
    speedup : Interval or None
        How many times as fast as the reference it is, where the two were timed in turn.
    """

    step: Step
    margins: tuple[Margin, ...] = ()
    rivals: tuple[str, ...] = ()
    reference: str = ""
    timed: bool = False
    speedup: Interval | None = None


def sentence(search: Search, goal: Goal, best: Finding | None, tried: int, step: Step) -> str:
    """Return what was found: the model and its values, how it was made, what was asked for, after how many trials."""
    after = f"after {counted(tried, 'trial')}"
    if best is None:
        return f"Nothing yet {_asked(goal)}, {after}." if step.points else f"Nothing {_asked(goal)}, {after}."
    values = ", ".join(f"{goal.name(m)} {_valued(best, goal.name(m), goal.units[m])}" for m in goal.measures)
    made = ", ".join(f"{key} = {_said(value)}" for key, value in best.point.items())
    so_far = "so far " if step.points else ""
    return (
        f"{' and '.join(best.models)} is {so_far}the {search.goal} that {_asked(goal)}: {values}; {made};"
        f" {after}{_brackets(step)}."
    )


def remarks(doubts: Doubts) -> tuple[str, ...]:
    """Return how far an answer can be trusted, one sentence each."""
    return (
        *_contradictions(doubts.step),
        *(_held(margin) for margin in doubts.margins),
        *_missed(doubts.rivals),
        *_timed(doubts),
    )


def _missed(rivals: Sequence[str]) -> Iterator[str]:
    if len(rivals) == 1:
        yield f"{rivals[0]} would be better, and misses a bound by less than its interval."
    elif rivals:
        yield f"{rivals[0]} and {len(rivals) - 1} more would be better, and miss a bound by less than their intervals."


def _timed(doubts: Doubts) -> Iterator[str]:
    if doubts.timed and doubts.speedup:
        mean, low, high = map(_number, doubts.speedup)
        yield f"In turn with {doubts.reference}, in one run, it is {mean} [{low}, {high}] times as fast."
    elif doubts.timed:
        yield (
            "Each model was timed in a run of its own; to time each in turn with another,"
            f' write reference = "{doubts.reference}" below [measure].'
        )


def _contradictions(step: Step) -> Iterator[str]:
    for key, bracket in step.brackets.items():
        if bracket.contradiction:
            broken, beyond = map(_number, bracket.contradiction)
            yield (
                f"{key} is not monotone: the bound does not hold at {broken} and holds further out, at {beyond}; only"
                ' the first bracket was narrowed, so search on with sampler = "tpe".'
            )


def _held(margin: Margin) -> str:
    unit = _difference(margin.unit) if margin.reference else margin.unit
    against = f" worse than {margin.reference}" if margin.reference else ""
    of = ", the quartiles of its passes" if margin.timed else ""
    how = ("paired by sample, " if margin.paired else "not paired, ") if margin.reference else ""
    limit = _amount(unit, margin.limit)
    verdict = (
        f"the interval straddles the bound of {limit}"
        if margin.straddles
        else f"the bound of {limit} holds at the interval's end too"
    )
    return f"{margin.measure} is {_amount(unit, *margin.found)}{of}{against}: {how}{verdict}."


def _valued(best: Finding, measure: str, unit: str) -> str:
    return _amount(unit, best.values[measure], *best.intervals.get(measure, ()))


def _asked(goal: Goal) -> str:
    units = goal.units
    kept = [
        f"keeps {goal.name(measure)} within {_amount(_difference(units[measure]), loss)}"
        for measure, loss in goal.keep.items()
    ]
    under = [
        f"has {goal.name(measure)} of at most {_amount(units[measure], most)}" for measure, most in goal.under.items()
    ]
    return " and ".join((*kept, *under))


def _brackets(step: Step) -> str:
    found = {key: b for key, b in step.brackets.items() if b.inside is not None}
    ends = [f"{key} no longer holds at {_number(b.outside)}" for key, b in found.items() if b.outside is not None]
    return f"; {', '.join(ends)}" if ends else ""


def _difference(unit: str) -> str:
    """Return the unit of a difference: that of two shares is in points, since percent would read as relative."""
    return _POINTS if unit == "fraction" else unit


def _amount(unit: str, value: float, *ends: float) -> str:
    """Return a value, the ends of its interval in brackets and the unit behind both; fractions in percent."""
    scale, word = (100.0, _SHARES[unit]) if unit in _SHARES else (1.0, unit)
    bounds = f" [{', '.join(_number(scale * end) for end in ends)}]" if ends else ""
    return f"{_number(scale * value)}{bounds} {word}".rstrip()


def _said(value: Any) -> str:
    return _number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
