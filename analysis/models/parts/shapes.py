"""Reading architectures off tensors' names and shapes, and putting modules where the names say."""

import re
from collections.abc import Iterable, Mapping
from math import gcd
from typing import Any, TypeVar

from torch import nn

from ..architecture import TensorSpec
from ..told import told

Shapes = Mapping[str, tuple[int, ...]]
Leaf = TypeVar("Leaf", bound=nn.Module | nn.Parameter)


def shapes_of(specs: Mapping[str, TensorSpec]) -> dict[str, tuple[int, ...]]:
    """Return every tensor's shape by its name."""
    return {name: spec.shape for name, spec in specs.items()}


def count(names: Iterable[str], pattern: str) -> int:
    """Return how many blocks are numbered from 0 without a gap; 0 where there is a gap.

    ``pattern`` is a regular expression whose first group is the number.
    """
    found = {int(match[1]) for name in names if (match := re.fullmatch(pattern, name))}
    return len(found) if found == set(range(len(found))) else 0


def side(shapes: Shapes, name: str, axis: int = 0) -> int:
    """Return the length of a tensor's axis, 0 if there is no such tensor or axis."""
    shape = shapes.get(name, ())
    return shape[axis] if -len(shape) <= axis < len(shape) else 0


def head_size(widths: Iterable[int], metadata: Mapping[str, Any], usual: int = 64) -> int:
    """Return the size of an attention head: as told, or else the common divisor of the widths nearest to the usual.

    The number of heads leaves no trace in shapes. ``widths`` are those of queries and keys, the first of them the one
    that the told number of heads divides.
    """
    widths = list(widths)
    size, heads = told(metadata, "head_dim"), told(metadata, "num_attention_heads", "n_head", "heads")
    if type(size) is int and size > 0:
        return size
    if type(heads) is int and heads > 0 and widths[0] % heads == 0:
        return widths[0] // heads
    common = gcd(*widths)
    return min((d for d in range(1, 2 * usual) if common % d == 0), key=lambda d: abs(d - usual))


def thirds(blocks: str, depth: int) -> tuple[str, ...]:
    """Return the names of the blocks that end each third of the depth; ``blocks`` is what comes before the number."""
    ends = (-(-depth * third // 3) for third in (1, 2, 3))
    return tuple(dict.fromkeys(f"{blocks}{end - 1}" for end in ends if end > 0))


def place(root: nn.Module, name: str, leaf: Leaf) -> Leaf:
    """Put a module or a parameter at a dotted name below a module, and return it."""
    *path, last = name.split(".")
    for part in path:
        if part not in root._modules:
            root.add_module(part, nn.Module())
        root = root.get_submodule(part)
    setattr(root, last, leaf)
    return leaf
