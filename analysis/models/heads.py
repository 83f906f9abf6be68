"""The size of attention heads, by the weights, where a file does not tell it.

Each head has queries, keys and values of its own scale once it has been trained: how large the rows of their matrices
are falls into groups of one head's length. Cut into heads of the right size, rows of a group are alike; of any other
size, they are not, or need more groups than they explain.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from math import gcd

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .tensor_file import TensorFile

Rows = NDArray[np.float64]

_DECISIVE = 100.0  # on the scale of the criterion, where 10 is called very strong: odds of e⁵⁰
_READ = 1 << 26  # bytes, from the first blocks on
_THREE = (".attn.qkv.weight", ".self_attention.in_proj_weight", ".attn.c_attn.weight")
_ONE = (".attention.self.query.weight", ".attention.self.key.weight", ".attention.self.value.weight")
_INPUTS_FIRST = ".c_attn.weight"


def head_size_in(file: TensorFile, names: Mapping[str, str]) -> int | None:
    """Return how many channels a head has, by the weights of the first blocks; None where they do not tell it clearly.

    Parameters
    ----------
    file : TensorFile
        Where the weights are read.
    names : mapping of str to str
        What the file calls each tensor, by its canonical name.
    """
    return head_size_of([sizes for sizes in _rows(file, names) if np.isfinite(sizes).all()])


def head_size_of(rows: Sequence[Rows]) -> int | None:
    """Return the length of the groups that rows fall into; None where the evidence is not overwhelming.

    Every length that divides all matrices is a one-way analysis of variance; Schwarz's criterion compares them [1]_.

    Parameters
    ----------
    rows : sequence of array, each shape (channels,)
        Logarithms of how large each row of a matrix is, a head's rows in succession.

    References
    ----------
    .. [1] G. Schwarz. Estimating the Dimension of a Model. Annals of Statistics, 1978.
    """
    whole = reduce(gcd, map(len, rows), 0)
    costs = {size: sum(_cost(own, size) for own in rows) for size in range(2, whole + 1) if whole % size == 0}
    if len(costs) < 2:
        return None
    best, second = sorted(costs, key=lambda size: costs[size])[:2]
    clear = costs[second] - costs[best] > _DECISIVE
    return best if clear and best < whole else None


def _cost(own: Rows, size: int) -> float:
    """Return Schwarz's criterion of groups of one length, each with a mean of its own; less is better."""
    groups = own.reshape(-1, size)
    left = float(((groups - groups.mean(1, keepdims=True)) ** 2).sum())
    return len(own) * float(np.log(max(left, np.finfo(float).tiny) / len(own))) + len(groups) * float(np.log(len(own)))


def _rows(file: TensorFile, names: Mapping[str, str]) -> Iterator[Rows]:
    """Give the sizes of the rows of queries, keys and values, block by block as far as may be read."""
    read = 0
    for canonical, name in names.items():
        if canonical.endswith(_THREE + _ONE) and len(file.specs[name].shape) == 2 and read < _READ:
            matrix = file.tensor(name)
            read += matrix.numel() * matrix.element_size()
            yield from _sizes(matrix.T if canonical.endswith(_INPUTS_FIRST) else matrix, canonical.endswith(_THREE))


def _sizes(matrix: Tensor, three: bool) -> Iterator[Rows]:
    sizes = matrix.double().norm(dim=1).clamp_min(np.finfo(float).tiny).log().numpy()
    yield from np.split(sizes, 3) if three and len(sizes) % 3 == 0 else [sizes]
