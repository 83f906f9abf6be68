"""Objects that stand beside a file's tensors: which of them are tables, which hold numbers, which are not read."""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from reprlib import repr as short
from typing import Any

from .arrays import Array, Held
from .pickle_objects import Name, Record
from .stored import Storage, StoredTensor, Unreadable

Leaf = StoredTensor | Unreadable | Held

# Classes that are nothing but their attributes.
_TABLES = {"argparse.Namespace", "types.SimpleNamespace"}
_TABLES |= {f"{lightning}.utilities.data.AttributeDict" for lightning in ("lightning_fabric", "lightning.fabric")}
_TABLES |= {"pytorch_lightning.utilities.parsing.AttributeDict"}
_TOLD = 40  # objects that are named one by one
_LONGEST = 200  # characters of a place that is named


def table_of(value: Any) -> Mapping[Any, Any] | None:
    """Return the names and values of a dictionary, of an object that is one, or of one that is its attributes."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, Record) and value.items:
        return value.items
    known = isinstance(value, Record) and value.name in _TABLES
    return value.state if known and isinstance(value.state, Mapping) else None


def inside(value: Any) -> Iterator[Any]:
    """Yield a value and everything that it holds, what lies nearest first; what is shared, once."""
    pending, seen = deque([value]), {id(value)}
    while pending:
        value = pending.popleft()
        yield value
        for part in _parts(value):
            if id(part) not in seen:
                seen.add(id(part))
                pending.append(part)


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, Record) and not isinstance(value, Array):
        yield from (value.arguments, value.state, value.items, value.elements)
    elif isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value


def holds_tensors(value: Any) -> bool:
    """Tell whether an object holds tensors, or the numbers of one, at any depth."""
    return isinstance(value, Record) and any(isinstance(part, Leaf | Storage) for part in inside(value))


def holds_network(value: Any) -> bool:
    """Tell whether an object is, or holds, a module that was pickled whole."""
    return isinstance(value, Record) and any(map(_is_module, inside(value)))


def _is_module(value: Any) -> bool:
    return isinstance(value, Record) and isinstance(value.state, Mapping) and "_parameters" in value.state


def must_run(content: Any) -> str | None:
    """Return the name of what would have to run to get a file's tensors: of what holds some, or else of anything."""
    unread = (part for part in inside(content) if isinstance(part, Record) and _is_unread(part))
    records = list(islice(unread, _TOLD))
    holders = (record for record in records if holds_tensors(record))
    first = next(holders, records[0] if records else None)
    return first.name if first else None


def _is_unread(value: Any) -> bool:
    return isinstance(value, Name | Record) and table_of(value) is None


def not_read(beside: Mapping[Any, Any]) -> dict[str, str]:
    """Return the dotted names of the objects that are left unread, by their places; the first few dozen."""
    return dict(islice(_unread(beside), _TOLD))


def _unread(content: Any) -> Iterator[tuple[str, str]]:
    pending, seen = deque([("", content)]), set[int]()
    while pending:
        place, value = pending.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if _is_unread(value):
            yield place, value.name if isinstance(value, Record) else value.dotted
        else:
            pending.extend((f"{place}.{key}" if place else key, part) for key, part in _entries(value, len(place)))


def _entries(value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Give the parts of a table or a list that is not too deep to be named."""
    if depth > _LONGEST:
        return
    if (table := table_of(value)) is not None:
        yield from ((text_of(key), part) for key, part in table.items())
    elif isinstance(value, list | tuple):
        yield from ((str(number), part) for number, part in enumerate(value))


def text_of(key: Any) -> str:
    """Return a dictionary's key as a text, which stays short whatever it is made of."""
    if isinstance(key, Record):
        return key.name
    return key if isinstance(key, str) else short(key)
