"""Which of a file's tensors are the network's weights: beside them lie optimisers, averages and second networks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import UserError, unknown
from .arrays import Array
from .records import Leaf, holds_network, holds_tensors, table_of, text_of
from .splitting import AVERAGE
from .stored import Unreadable
from .tensor_names import is_aside

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
_TRAINING = re.compile(r"optim|sched|scaler|callbacks|loops|rng|(^|_)amp(_|$)")
_PACKED = "_packed_params"  # the weight and bias of torch's quantised layers in one value
_DEPTH = 16


@dataclass(frozen=True)
class WeightSet:
    """One network's tensors by name, and what stands beside them on the way down to them.

    Where ``program`` is the name of a class, the network was pickled whole, and its code would have to run. What is
    ``told`` of a chosen one are the sets to choose from.
    """

    tensors: Mapping[str, Leaf]
    beside: Mapping[str, Any]
    program: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)


def gather(content: Mapping[Any, Any]) -> dict[str, WeightSet]:
    """Return every set of weights in nested dictionaries, by its dotted place; '' is the top itself.

    Where there are no tensors, NumPy's arrays are the weights.
    """
    found = dict(_sets(content, (), {}, set(), arrays=False))
    if any(not one.program for one in found.values()):
        return found
    return dict(_sets(content, (), {}, set(), arrays=True)) or found


def _sets(
    state: Mapping[Any, Any], place: tuple[str, ...], outer: Mapping[str, Any], seen: set[int], *, arrays: bool
) -> Iterator[tuple[str, WeightSet]]:
    if id(state) in seen or len(place) > _DEPTH:
        return
    seen.add(id(state))
    direct = _direct(state, arrays=arrays)
    groups = [key for key, value in state.items() if _is_set(key, value, arrays=arrays)]
    if direct and not set(groups) & set(_NESTS):
        groups = []
    nested = [key for key in groups if table_of(state[key]) is not None]
    beside = {**outer, **{text_of(key): value for key, value in state.items() if key not in nested}}
    if direct and not groups:
        rest = {key: value for key, value in beside.items() if key not in direct}
        yield ".".join(place), WeightSet(direct, rest)
    for key in groups:
        table = table_of(state[key])
        if table is None:
            yield ".".join((*place, text_of(key))), WeightSet({}, beside, state[key].name)
        else:
            yield from _sets(table, (*place, text_of(key)), beside, seen, arrays=arrays)


def _direct(state: Mapping[Any, Any], *, arrays: bool) -> dict[str, Leaf]:
    """Return the tensors of a table; objects that hold some are of a kind that cannot be read."""
    if not any(_leaf(value, arrays=arrays) for key, value in state.items() if isinstance(key, str)):
        return {}
    called = {key: value for key, value in state.items() if isinstance(key, str)}
    leaves = {key: _leaf(value, arrays=arrays or "." in key) for key, value in called.items()}
    leaves |= {key: Unreadable(f"an object of '{value.name}'") for key, value in called.items() if _packs(key, value)}
    leaves |= {key: Unreadable("quantised") for key in called if key.rpartition(".")[2] == _PACKED}
    return {key: leaf for key, leaf in leaves.items() if leaf is not None}


def _leaf(value: Any, *, arrays: bool) -> Leaf | None:
    if isinstance(value, Array):
        return value.leaf if arrays else None
    return value if isinstance(value, Leaf) else None


def _packs(key: str, value: Any) -> bool:
    """Tell whether an object among tensors holds a tensor of the network."""
    beside = training(key) or is_aside(key) or key in _NESTS or key.endswith("_extra_state")
    return not beside and table_of(value) is None and holds_tensors(value)


def _is_set(key: Any, value: Any, *, arrays: bool) -> bool:
    """Tell weights from optimisers, and from tables of metrics, whose tensors are single numbers."""
    if training(key):
        return False
    table = table_of(value)
    if table is None:
        return not is_aside(text_of(key)) and (holds_network(value) or (key in _NESTS and holds_tensors(value)))
    leaves = list(_leaves(table, 0, set(), arrays=arrays))
    if key in _NESTS:
        return bool(leaves)
    return not is_aside(text_of(key)) and any(isinstance(leaf, Unreadable) or leaf.spec.shape for leaf in leaves)


def _leaves(state: Mapping[Any, Any], depth: int, seen: set[int], *, arrays: bool) -> Iterator[Leaf]:
    seen.add(id(state))
    for value in state.values():
        table = table_of(value)
        if (leaf := _leaf(value, arrays=arrays)) is not None:
            yield leaf
        elif table is not None and depth < _DEPTH and id(table) not in seen:
            yield from _leaves(table, depth + 1, seen, arrays=arrays)


def training(key: Any) -> bool:
    """Tell whether a key of a training program's file holds the state of the training, not of the network."""
    return isinstance(key, str) and _TRAINING.search(key.lower()) is not None


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
    own = [name for name in names if not AVERAGE.search(last[name])] or names
    if len(own) == 1:
        return own[0]
    return next((name for nest in _NESTS for name in own if last[name] == nest), None)


def told(names: list[str], chosen: str) -> dict[str, Any]:
    """Return what the metadata says of a file with several sets: their names, and the one that was opened."""
    return {"weights": names, "opened": chosen} if len(names) > 1 else {}
