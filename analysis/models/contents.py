"""What a file's content is: the weights that are opened, and what is said beside them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import UserError
from .plain import plain
from .records import Leaf, must_run, not_read, table_of
from .refusals import CHECKPOINTS, would_run
from .spans import Places
from .splitting import split
from .stored import StoredTensor
from .tensor_names import is_aside
from .weight_sets import WeightSet, choose, gather, told, training


def chosen_set(content: Any, wanted: str | None, path: Path, *, shard: bool = False) -> WeightSet:
    """Return the wanted set of weights, or the usual one; beside it stands which others there are.

    Parameters
    ----------
    content : Any
        What the file's pickle holds.
    wanted : str or None
        Name of the set; None for the usual one.
    path : Path
        The file.
    shard : bool
        Whether it is one of several files, whose tensors are taken as they are.

    Raises
    ------
    UserError
        If there are no tensors, no such set, none that is the usual one, or code would have to run to get it.
    """
    sets = _sets(content, path, shard=shard)
    chosen = choose(list(sets), wanted, path)
    if sets[chosen].program:
        raise would_run(path, sets[chosen].program)
    return replace(sets[chosen], told=told([name for name, one in sets.items() if not one.program], chosen))


def _sets(content: Any, path: Path, *, shard: bool) -> dict[str, WeightSet]:
    table = table_of(content)
    found = {} if table is None else gather(table)
    if found:
        return found if shard else _apart(found)
    if (name := must_run(content)) is not None:
        raise would_run(path, name)
    if table is None:
        kind = "Tensor" if isinstance(content, Leaf) else type(content).__name__
        raise UserError(f"'{path.name}' holds a {kind}, not tensors by name.", CHECKPOINTS)
    raise UserError(f"'{path.name}' holds no tensors.", CHECKPOINTS)


def _apart(nested: Mapping[str, WeightSet]) -> dict[str, WeightSet]:
    """Return the sets, those parted that hold several networks."""
    sets: dict[str, WeightSet] = {}
    for place, whole in nested.items():
        for name, tensors in split(whole.tensors, place).items():
            label = name if len(nested) == 1 or name == place else f"{place}.{name}"
            sets[label] = replace(whole, tensors=tensors)
    return sets


def said(beside: Mapping[str, Any], places: Places) -> dict[str, Any]:
    """Return the JSON values beside the weights, and the names of what is left aside, or not read.

    ``training`` names what belongs to the training alone, ``left_aside`` losses and metrics that hold tensors, and
    ``not_read`` the classes and functions of other objects, by their places.
    """

    def number(value: Any) -> Any:
        if isinstance(value, StoredTensor) and value.spec.size == 1 and not value.spec.dtype.is_complex:
            return value.read(places(value.storage.key)).item()
        raise TypeError("no number")

    others = {key: value for key, value in beside.items() if not training(key)}
    values = {key: plain(value, number) for key, value in others.items()}
    left = {
        "training": [key for key in beside if training(key)],
        "left_aside": [key for key, value in values.items() if value is None and _is_left(key, others[key])],
        "not_read": not_read(others),
    }
    return {key: value for key, value in values.items() if value is not None} | {k: v for k, v in left.items() if v}


def _is_left(key: str, value: Any) -> bool:
    return is_aside(key) and (isinstance(value, Leaf) or table_of(value) is not None)
