"""Which weights, where a checkpoint holds several sets: those that were trained, and running averages of them."""

import re
from collections.abc import Mapping, Sequence

from ..errors import UserError, unknown
from .architecture import TensorSpec

_AVERAGE = re.compile(r"ema|averag|teacher|momentum|target|shadow|swa", re.IGNORECASE)


def sets_by_prefix(specs: Mapping[str, TensorSpec]) -> tuple[str, ...]:
    """Return the first parts of names that hold a network and its running average, as ``model.`` and ``ema_model.`` do.

    They hold the same tensors, and one of them is called an average; otherwise there are no sets.
    """
    groups: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, spec in specs.items():
        first, dot, rest = name.partition(".")
        if dot:
            groups.setdefault(first, {})[rest] = spec.shape
    averages = [group for prefix, group in groups.items() if _AVERAGE.search(prefix)]
    sets = tuple(prefix for prefix, group in groups.items() if group in averages)
    return sets if any(not _AVERAGE.search(prefix) for prefix in sets) else ()


def choose_set(sets: Sequence[str], wanted: str | None, file: str) -> str:
    """Return the set that is wanted; without a wish, the one that is no running average.

    Raises
    ------
    UserError
        If there is no such set, or several could be meant.
    """
    if wanted is not None:
        if wanted not in sets:
            raise unknown(f"set of weights in '{file}' called", wanted, list(sets))
        return wanted
    trained = [name for name in sets if not _AVERAGE.search(name)]
    if len(trained) != 1:
        raise UserError(
            f"'{file}' holds several sets of weights: {', '.join(sets)}.", f'Say which: weights = "{sets[0]}".'
        )
    return trained[0]
