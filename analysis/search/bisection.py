"""Bisection: where along one number, or along several in turn, a bound stops to hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .goals import Tried, Values
from .space import Number

Allowed = Callable[[Values, float], bool]
"""Says whether values are allowed when that share of what may be lost is."""


@dataclass(frozen=True)
class Bracket:
    """The values nearest to each other of which one keeps the bound and one does not; None where there is none.

    ``contradiction`` is a value that does not keep the bound, and one further out that does: it is not monotone then.
    """

    inside: float | None
    outside: float | None
    contradiction: tuple[float, float] | None = None


@dataclass(frozen=True)
class Step:
    """What to try next, and the bracket of every dimension so far; nothing to try once all are found."""

    points: tuple[dict[str, float], ...]
    brackets: Mapping[str, Bracket]


def bisect(space: Sequence[Number], tried: Sequence[Tried], allowed: Allowed, tolerance: float, count: int) -> Step:
    """Return what bisection tries next.

    Every number is bisected in turn, with those before it at what was found for them and those after it at their low
    end. After i of n, i/n of what may be lost may be lost, so that the first does not use up what the others need. Both
    ends of the span are tried first: which one keeps the bound need not be known.

    Parameters
    ----------
    space : sequence of Number
        What is searched.
    tried : sequence of Tried
        All that was tried; what failed counts as not allowed.
    allowed : callable
        Whether a point keeps the bound, which is monotone in each number.
    tolerance : float
        Width of the bracket, as a share of the span, at which a number is found.
    count : int
        How many points may be tried at once; several divide the bracket evenly.
    """
    found: dict[str, float] = {}
    brackets: dict[str, Bracket] = {}
    for place, number in enumerate(space):
        rest = {later.key: later.at(0) for later in space[place + 1 :]}
        share = (place + 1) / len(space)
        tests = {
            _value(t, number): None if t.values is None else allowed(t.values, share)
            for t in tried
            if all(t.point[key] == value for key, value in {**found, **rest}.items())
        }
        bracket = brackets[number.key] = bracket_of(number, tests)
        if values := _next(number, tests, bracket, tolerance, count):
            return Step(tuple({**found, number.key: value, **rest} for value in values), brackets)
        if bracket.inside is None:
            break
        found[number.key] = bracket.inside
    return Step((), brackets)


def bracket_of(number: Number, tests: Mapping[float, bool | None]) -> Bracket:
    """Return the bracket around the place where the bound stops to hold, seen from the end that keeps it.

    Where both ends keep it the high one is inside, and where neither does there is no inside. What failed, None, is
    outside, but contradicts nothing.
    """
    low, high = number.at(0), number.at(1)
    if not (tests.get(low) or tests.get(high)):
        return Bracket(None, low)
    if tests.get(high, True) and tests.get(low, True):
        return Bracket(high if high in tests else low, None)
    ordered = sorted(tests, reverse=not tests[low])
    first_outside = next(place for place, value in enumerate(ordered) if not tests[value])
    return Bracket(ordered[first_outside - 1], ordered[first_outside], _contradiction(ordered, tests))


def _contradiction(ordered: Sequence[float], tests: Mapping[float, bool | None]) -> tuple[float, float] | None:
    broken = next((place for place, value in enumerate(ordered) if tests[value] is False), len(ordered))
    return next(((ordered[broken], value) for value in ordered[broken:] if tests[value]), None)


def _next(
    number: Number, tests: Mapping[float, bool | None], bracket: Bracket, tolerance: float, count: int
) -> tuple[float, ...]:
    ends = tuple(value for value in (number.at(0), number.at(1)) if value not in tests)
    if ends:
        return ends[:count]
    if bracket.inside is None or bracket.outside is None:
        return ()
    inside, outside = number.share(bracket.inside), number.share(bracket.outside)
    if abs(outside - inside) <= tolerance:
        return ()
    between = (number.at(inside + (outside - inside) * (i + 1) / (count + 1)) for i in range(count))
    return tuple(dict.fromkeys(value for value in between if value not in tests))


def _value(tried: Tried, number: Number) -> float:
    value = tried.point[number.key]
    assert isinstance(value, int | float)
    return value
