"""Reading architectures off tensors' names and shapes, and putting modules where the names say."""

import re
from collections.abc import Iterable, Mapping
from math import gcd
from typing import Any, TypeVar

from torch import nn

from ..architecture import TensorSpec
from ..settings import Check, is_count, is_positive
from ..told import option, told
from .nonlinear import usual_name

Shapes = Mapping[str, tuple[int, ...]]
Leaf = TypeVar("Leaf", bound=nn.Module | nn.Parameter)

HEADS: Mapping[str, Check] = dict.fromkeys(
    ("head_dim", "heads", "num_attention_heads", "n_head", "num_heads"), is_count
)
"""Settings that `head_size` reads."""


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


def positive(metadata: Mapping[str, Any], *names: str, usual: float) -> float:
    """Return the first of the names that is `told`, where that is a number above zero; else the usual one."""
    found = told(metadata, *names)
    return float(found) if is_positive(found) else usual


def head_size(width: int, inner: Iterable[int], metadata: Mapping[str, Any], usual: int | None = 64) -> tuple[int, str]:
    """Return the size of an attention head, and in words what is untold of it; the size is a mere guess then.

    The number of heads leaves no trace in shapes. It is what is told, or else the usual, as long as every block has the
    inner width that its network has: where something was cut, whole heads may have gone, or a part of each.

    Parameters
    ----------
    width : int
        Of a token, which the told number of heads divides.
    inner : iterable of int
        All widths of queries, and of keys where they differ.
    metadata : mapping of str to Any
        What the file says.
    usual : int or None
        Size of the heads in all published networks of that width; None where they differ.
    """
    inner = list(inner)
    size = told(metadata, "head_dim")
    heads = option(metadata, "num_heads") or told(metadata, "num_attention_heads", "n_head", "heads")
    if type(size) is not int and type(heads) is int and heads > 0 and width % heads == 0:
        size = width // heads
    if type(size) is int and size > 0:
        return size, ""
    if heads is None and usual and width % usual == 0 and set(inner) == {width}:
        return usual, ""
    return gcd(width, *inner), "nothing tells how many heads its attention has"


def unusual(**settings: tuple[Any, Any]) -> dict[str, Any]:
    """Return what is told, of pairs of that and what is usual, where they differ: usual members stay as they were."""
    return {name: value for name, (value, usual) in settings.items() if value != usual}


def another(activation: str, usual: str) -> dict[str, Any]:
    """Return an activation as an entry of a configuration, where it is not the usual one under another name."""
    return unusual(activation=(usual_name(activation), usual_name(usual)))


def untied(shapes: Shapes, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the setting that a language model's last layer is its embedding, where its tensors say otherwise."""
    tied, own = told(metadata, "tie_word_embeddings"), "lm_head.weight" in shapes
    return {"tie_word_embeddings": tied} if tied is own else {}


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
