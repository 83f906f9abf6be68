"""Telling networks apart that share one table of tensors, by the prefixes of their tensors' names."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from .tensor_names import canonical

T = TypeVar("T")

AVERAGE = re.compile(r"ema|averag|teacher|momentum|target|shadow|swa|_k$", re.IGNORECASE)
_AVERAGES = {"ema", "model_ema", "ema_model", "net_ema", "ema_net", "averaged_model", "swa_model"}
_AVERAGES |= {"teacher", "teacher_model", "teacher_net", "teacher_network"}
_ROLE = "generator|discriminator|critic|student|teacher|online|target"
_RIVAL = re.compile(rf"({_ROLE})(_(net|network|model|encoder|backbone))?|(net|model)_?(G|D|g|d|{_ROLE})")


def split(tensors: Mapping[str, T], place: str = "") -> dict[str, dict[str, T]]:
    """Part the tensors of several networks that only prefixes of their names tell apart.

    Averages (``ema_model.``) and rivals (``generator.``, ``student.``) are called by their prefix, and so is what
    remains beside them if it has one; else that keeps its names and is called by its place, or ``model``. Wrappers of
    all of them do not count, and what belongs to losses and metrics goes with each.
    """
    naming = canonical(tensors)
    groups: dict[str, dict[str, str]] = {}
    for short, name in naming.names.items():
        head, _, rest = short.partition(".")
        groups.setdefault(head, {})[rest] = name
    apart = _apart(groups)
    if not apart or len(groups) == 1:
        return {place: dict(tensors)}
    others = [head for head in groups if head not in apart]
    if len(others) > 1 or any(groups[head].keys() == _full(groups, others) for head in apart):
        groups[place or "model"] = {name: name for head in others for name in groups[head].values()}
        others = [place or "model"]
    aside = {name.removeprefix(naming.prefix): name for name in naming.aside}
    return {head: {own: tensors[name] for own, name in (groups[head] | aside).items()} for head in (*others, *apart)}


def _apart(groups: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the prefixes of networks of their own."""
    apart = [head for head in groups if _is_average(head, groups)]
    rivals = [head for head in groups if _RIVAL.fullmatch(head)]
    return list(groups) if {*rivals, *apart} == groups.keys() else apart


def _is_average(head: str, groups: Mapping[str, Mapping[str, str]]) -> bool:
    """Tell an average by the name that programs give it, or by a likely name and the tensors of another, or of all."""
    if head in _AVERAGES:
        return True
    if not AVERAGE.search(head):
        return False
    own, others = groups[head].keys(), [other for other in groups if other != head]
    return own == _full(groups, others) or any(own == groups[other].keys() for other in others)


def _full(groups: Mapping[str, Mapping[str, str]], heads: Iterable[str]) -> set[str]:
    """Return the names below some prefixes, with them."""
    return {f"{head}.{name}" for head in heads for name in groups[head]}
