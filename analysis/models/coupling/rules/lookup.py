"""Rows of tables: which ones are taken does not matter where channels lie on other axes."""

import torch

from ..colours import Colours, coloured, compact, whole
from .operation import Operation


def embedded(operation: Operation) -> list[Colours]:
    """Take rows of a matrix."""
    table, numbers = operation.args[:2]
    kept = whole(operation.labels, operation.of(table), {0})
    return [tuple(one.reshape(*[1] * numbers.ndim, -1) for one in kept)]


def indexed(operation: Operation) -> list[Colours]:
    """Take elements by their numbers along some axes."""
    x, numbers = operation.args[:2]
    gone = {axis for axis, index in enumerate(numbers) if index is not None}
    kept = whole(operation.labels, operation.of(x), gone)
    first = [None if index is None else torch.zeros(index.shape, dtype=torch.int64) for index in numbers]
    places = tuple(slice(None) if index is None else index for index in first)
    return [coloured(compact(one[places]) for one in kept)]


def chosen(operation: Operation) -> list[Colours]:
    """Take places along an axis."""
    x, axis = operation.args[:2]
    return [whole(operation.labels, operation.of(x), {axis % x.ndim})]


_aten = torch.ops.aten
RULES = {_aten.embedding: embedded, _aten.index: indexed, _aten.index_select: chosen}
