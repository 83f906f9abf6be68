"""Names of layers: patterns that choose some, and the groups that they come in."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from ..errors import unknown

_GROUP = re.compile(r"(.*?\d+)(?=\.|$)")


def layer_of(weight: str) -> str:
    """Return the name of the layer that a weight belongs to."""
    return weight.removesuffix(".weight")


def fitting(weights: Iterable[str], patterns: Iterable[str]) -> tuple[str, ...]:
    """Return the weights that a pattern fits, by their own names or their layers', in their order.

    Raises
    ------
    UserError
        If a pattern fits none.
    """
    weights = tuple(weights)
    chosen: set[str] = set()
    for pattern in patterns:
        found = {name for name in weights if fnmatchcase(name, pattern) or fnmatchcase(layer_of(name), pattern)}
        if not found:
            raise unknown("layer to prune that fits", pattern, [layer_of(name) for name in weights])
        chosen |= found
    return tuple(name for name in weights if name in chosen)


def groups_of(weights: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the weights by stage or block: by what their names have in common up to the first number.

    ``layer1.0.conv1.weight`` is of the group ``layer1``, ``blocks.3.mlp.fc1.weight`` of ``blocks.3``, ``fc.weight`` of
    ``fc``.
    """
    groups: dict[str, tuple[str, ...]] = {}
    for name in weights:
        found = _GROUP.match(layer_of(name))
        group = found[1] if found else layer_of(name)
        groups[group] = (*groups.get(group, ()), name)
    return groups
