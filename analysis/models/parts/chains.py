"""The order of linear layers, which files that sort their tensors by name do not keep."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

_NUMBER = re.compile(r"\d+")


def in_order(modules: Iterable[str]) -> list[str]:
    """Return modules as they come, but neighbours that only their numbers tell apart by these."""
    return [name for _, run in groupby(modules, _pattern) for name in sorted(run, key=_numbers)]


def ordered_for_sure(names: Sequence[str], linear: Sequence[str], sides: Sequence[int]) -> bool:
    """Return whether linear layers can follow each other in one way only, or something tells in which.

    Parameters
    ----------
    names : sequence of str
        All modules in the order of the file.
    linear : sequence of str
        The layers among them, in the order in which each takes what the one before it gives.
    sides : sequence of int
        What the first layer takes, and what each gives.
    """
    if list(names) != sorted(names):
        return True  # an order that somebody kept
    runs = [len(list(run)) for _, run in groupby(linear, _pattern)]
    ends = [sum(runs[:count]) for count in range(len(runs) + 1)]  # numbers tell the order within a run
    return _one_way([sides[end] for end in ends])


def _one_way(sides: Sequence[int]) -> bool:
    """Return whether steps from side to side can be taken in this order alone."""
    if len(sides) == 2:
        return True
    places = [(sides.index(side), len(sides) - 1 - sides[::-1].index(side)) for side in set(sides)]
    crossing = any(a < c < b < d for a, b in places for c, d in places)
    return sides[0] != sides[-1] and all(sides.count(side) < 3 for side in sides) and not crossing


def _pattern(name: str) -> str:
    return _NUMBER.sub("#", name)


def _numbers(name: str) -> list[int]:
    return [int(number) for number in _NUMBER.findall(name)]
