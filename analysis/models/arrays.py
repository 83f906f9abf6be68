"""NumPy's arrays as pickles hold them: their numbers lie in the pickle itself."""

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from .architecture import TensorSpec
from .pickle_objects import Record
from .stored import Unreadable

_NUMBERS = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1", "c8", "c16"}


@dataclass(frozen=True, eq=False)
class Held:
    """An array of numbers in a pickle; its bytes may be a text, as Python 2 wrote them."""

    spec: TensorSpec
    dtype: "np.dtype[Any]"
    order: Literal["C", "F"]
    data: "bytes | bytearray | str"

    def read(self) -> Tensor:
        """Return the numbers, in memory of their own."""
        raw = self.data.encode("latin1") if isinstance(self.data, str) else self.data
        array = np.frombuffer(raw, self.dtype).reshape(self.spec.shape, order=self.order)
        return torch.from_numpy(np.array(array, self.dtype.newbyteorder("="), order="C"))


class Array(Record):
    """What an array was made from."""

    @cached_property
    def leaf(self) -> Held | Unreadable | None:
        """Its numbers; None if it is of another kind, such as texts or objects."""
        match self.state:
            case (_, tuple(shape), kind, by_columns, data) if (dtype := number_type(kind)) is not None:
                whole = _is_whole(shape, dtype, data)
                return _held(shape, dtype, by_columns, data) if whole else Unreadable("an array without its numbers")
            case _:
                return None


def number_type(kind: Any) -> "np.dtype[Any] | None":
    """Return the number type that a pickle describes; None if it is of another kind."""
    if not isinstance(kind, Record) or kind.name != "numpy.dtype" or not kind.arguments:
        return None
    code = kind.arguments[0]
    order = kind.state[1] if isinstance(kind.state, tuple) and len(kind.state) > 1 else "<"
    if not isinstance(code, str) or code not in _NUMBERS or order not in ("<", ">", "|", "="):
        return None
    return np.dtype(code).newbyteorder(">" if order == ">" else "<")


def _is_whole(shape: tuple[Any, ...], dtype: "np.dtype[Any]", data: Any) -> bool:
    latin = not isinstance(data, str) or max(data, default="") <= "\xff"
    natural = all(type(side) is int and side >= 0 for side in shape)
    return natural and latin and isinstance(data, bytes | bytearray | str) and len(data) == prod(shape) * dtype.itemsize


def _held(shape: tuple[int, ...], dtype: "np.dtype[Any]", by_columns: Any, data: Any) -> Held:
    kind = torch.from_numpy(np.empty(0, dtype.newbyteorder("="))).dtype
    return Held(TensorSpec(shape, kind), dtype, "F" if by_columns is True else "C", data)
