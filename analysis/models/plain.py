"""JSON values out of whatever stands beside the tensors of a file."""

import math
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from .pickle_objects import Name, Record
from .records import table_of, text_of

_ITEMS = 100_000


def plain(value: Any, number: Callable[[Any], Any] | None = None) -> Any:
    """Return the value as JSON; None if it holds anything else, such as numbers that are not finite.

    Objects that are not read are null, wherever they are.

    Parameters
    ----------
    value : Any
        Anything.
    number : callable or None
        Gives the Python number of what is no JSON value but stands for one; raises TypeError for the rest.
    """
    try:
        return _plain(value, number or _none, count())
    except (TypeError, RecursionError, KeyError):
        return None


def _none(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _plain(value: Any, number: Callable[[Any], Any], counter: "Iterator[int]") -> Any:
    if next(counter) > _ITEMS:  # lists that share a list can stand for more values than any memory holds
        raise TypeError("too many values")
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return _finite(value)
    if (table := table_of(value)) is not None:
        return {text_of(key): _plain(item, number, counter) for key, item in table.items()}
    if isinstance(value, Name | Record):
        return None
    if isinstance(value, list | tuple):
        return [_plain(item, number, counter) for item in value]
    return _plain(number(value), number, counter)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise TypeError("JSON has no such number")
    return value
