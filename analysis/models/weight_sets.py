"""Which of a file's tensors are the network's weights: beside them lie optimisers, averages and second networks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ..errors import UserError, unknown
from .stored import StoredTensor, Unreadable

T = TypeVar("T")
Leaf = StoredTensor | Unreadable

# Where training programs put the weights, in the order of preference.
_NESTS = (
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "module",
    "weights",
    "params",
    "params_ema",
    "state_dict_ema",
    "model_ema",
    "ema",
)
_AVERAGE = re.compile(r"ema|averag|teacher|momentum|target|shadow|swa", re.IGNORECASE)
_AVERAGES = {"ema", "model_ema", "ema_model", "net_ema", "ema_net", "averaged_model", "swa_model"}
_RIVALS = {"generator", "discriminator", "critic", "netG", "netD", "net_g", "net_d", "student", "teacher"}
_TRAINING = re.compile(r"optim|sched|scaler|callbacks|loops|rng|(^|_)amp(_|$)")
_DEPTH = 16


@dataclass(frozen=True)
class WeightSet:
    """One network's tensors by name, and what stands beside them on the way down to them."""

    tensors: Mapping[str, Leaf]
    beside: Mapping[str, Any]


def gather(content: Mapping[Any, Any]) -> dict[str, WeightSet]:
    """Return every set of weights in nested dictionaries, by its dotted place; '' is the top itself."""
    return dict(_sets(content, (), {}, set()))


def _sets(
    state: Mapping[Any, Any], place: tuple[str, ...], outer: Mapping[str, Any], seen: set[int]
) -> Iterator[tuple[str, WeightSet]]:
    if id(state) in seen or len(place) > _DEPTH:
        return
    seen.add(id(state))
    direct = {name: leaf for name, value in state.items() if isinstance(name, str) and (leaf := _leaf(name, value))}
    groups = [key for key, value in state.items() if isinstance(value, Mapping) and _is_set(key, value)]
    if direct and not set(groups) & set(_NESTS):
        groups = []
    beside = {**outer, **{str(key): value for key, value in state.items() if key not in groups}}
    if direct and not groups:
        rest = {key: value for key, value in beside.items() if key not in direct}
        yield ".".join(place), WeightSet(direct, rest)
    for key in groups:
        yield from _sets(state[key], (*place, str(key)), beside, seen)


def _leaf(name: str, value: Any) -> Leaf | None:
    """Return a tensor, or what stands for the weight and bias that torch's quantised layers pack into one value."""
    packed = name.rpartition(".")[2] == "_packed_params"
    return Unreadable("quantised") if packed else value if isinstance(value, Leaf) else None


def _is_set(key: Any, state: Mapping[Any, Any]) -> bool:
    """Tell weights from optimisers, and from tables of metrics, whose tensors are single numbers."""
    leaves = list(_leaves(state, 0, set()))
    if key in _NESTS:
        return bool(leaves)
    if training(key):
        return False
    return any(isinstance(leaf, Unreadable) or leaf.spec.shape for leaf in leaves)


def _leaves(state: Mapping[Any, Any], depth: int, seen: set[int]) -> Iterator[Leaf]:
    seen.add(id(state))
    for value in state.values():
        if isinstance(value, Leaf):
            yield value
        elif isinstance(value, Mapping) and depth < _DEPTH and id(value) not in seen:
            yield from _leaves(value, depth + 1, seen)


def training(key: Any) -> bool:
    """Tell whether a key of a training program's file holds the state of the training, not of the network."""
    return isinstance(key, str) and _TRAINING.search(key.lower()) is not None


def split(tensors: Mapping[str, T], place: str = "") -> dict[str, dict[str, T]]:
    """Part the tensors of several networks that only prefixes of their names tell apart.

    Averages (``ema_model.``) and rivals (``generator.``, ``discriminator.``) are called by their prefix, and so is
    what remains beside them if it has one; else that keeps its names and is called by its place, or ``model``.
    """
    groups: dict[str, dict[str, T]] = {}
    for name, value in tensors.items():
        head, _, rest = name.partition(".")
        groups.setdefault(head, {})[rest] = value
    apart = [head for head in groups if _is_average(head, groups)]
    if set(groups) <= _RIVALS.union(apart):
        apart = list(groups)
    if not apart or len(groups) == 1:
        return {place: dict(tensors)}
    others = [head for head in groups if head not in apart]
    if len(others) < 2:
        return {head: groups[head] for head in (*others, *apart)}
    own = {name: value for name, value in tensors.items() if name.partition(".")[0] in others}
    return {place or "model": own} | {head: groups[head] for head in apart}


def _is_average(head: str, groups: Mapping[str, Mapping[str, T]]) -> bool:
    """Tell a running average by the name that programs give it, or by a likely name and the tensors of another."""
    if head in _AVERAGES:
        return True
    twin = any(groups[head].keys() == group.keys() for other, group in groups.items() if other != head)
    return twin and _AVERAGE.search(head) is not None


def choose(names: list[str], wanted: str | None, path: Path) -> str:
    """Return the name of the set to open: the wanted one, or else the usual one.

    Raises
    ------
    UserError
        If the wanted one is not there, or none is the usual one; lists the choices.
    """
    if wanted is not None:
        found = [name for name in names if wanted in (name, name.rpartition(".")[2])]
        if len(found) != 1:
            raise unknown(f"set of weights in '{path.name}' called", wanted, [name for name in names if name])
        return found[0]
    usual = _usual(names)
    if usual is None:
        raise UserError(
            f"'{path.name}' holds several sets of weights: {', '.join(names)}.",
            f'Say which: weights = "{names[0]}" in a recipe, {path.name}#{names[0]} in a command.',
        )
    return usual


def _usual(names: list[str]) -> str | None:
    last = {name: name.rpartition(".")[2] for name in names}
    own = [name for name in names if not _AVERAGE.search(last[name])] or names
    if len(own) == 1:
        return own[0]
    return next((name for nest in _NESTS for name in own if last[name] == nest), None)


def told(names: list[str], chosen: str) -> dict[str, Any]:
    """Return what the metadata says of a file with several sets: their names, and the one that was opened."""
    return {"weights": names, "opened": chosen} if len(names) > 1 else {}
