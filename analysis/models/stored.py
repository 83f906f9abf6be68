"""Tensors that still lie in a file: which storage, from where, in which steps."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from .architecture import TensorSpec
from .spans import Span

ELEMENTS_LIMIT = 2**62


@dataclass(frozen=True)
class Storage:
    """A named run of numbers; ``dtype`` is None for bytes whose tensors say what they are."""

    key: str
    dtype: torch.dtype | None
    count: int

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.count * (self.dtype.itemsize if self.dtype else 1)


@dataclass(frozen=True)
class StoredTensor:
    """A view of a storage; ``offset`` and ``steps`` are counted in elements."""

    storage: Storage
    spec: TensorSpec
    offset: int
    steps: tuple[int, ...]
    conjugate: bool = False
    negative: bool = False

    @property
    def bytes(self) -> tuple[int, int]:
        """The stretch of the storage, in bytes, that the tensor's elements lie in."""
        width = self.spec.dtype.itemsize
        if not self.spec.size:
            return (self.offset * width, self.offset * width)
        last = sum((side - 1) * step for side, step in zip(self.spec.shape, self.steps, strict=True))
        return (self.offset * width, (self.offset + last + 1) * width)

    def read(self, span: Span) -> Tensor:
        """Return the tensor, contiguous, from its storage's place in the file."""
        flat = numbers(span.part(*self.bytes).read(), self.spec.dtype)
        view = flat.as_strided(self.spec.shape, self.steps) if self.spec.size else flat.reshape(self.spec.shape)
        view = view.conj() if self.conjugate else view
        view = torch._neg_view(view) if self.negative else view
        return view.resolve_conj().resolve_neg().contiguous()


class Kept(Protocol):
    """A tensor that a file has, equal to another if it is the same elements of the same storage."""

    @property
    def spec(self) -> TensorSpec:
        """Its shape and dtype."""
        ...


def shared(tensors: Mapping[str, Kept]) -> dict[str, str]:
    """Return the names of tensors that are equal to an earlier one as `Kept` has it, each with the earlier."""
    first: dict[Kept, str] = {}
    held = {name: first.setdefault(tensor, name) for name, tensor in tensors.items() if tensor.spec.size}
    return {name: other for name, other in held.items() if other != name}


@dataclass(frozen=True)
class Unreadable:
    """A tensor of a kind that has no plain numbers in the file: ``sparse`` or ``quantised``, say."""

    kind: str


def numbers(data: bytearray, dtype: torch.dtype) -> Tensor:
    """Return little-endian bytes as one axis of numbers, in the same memory."""
    return torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)


def stored(
    storage: Any, dtype: torch.dtype, offset: Any, shape: Sequence[Any], steps: Sequence[Any], **flags: bool
) -> StoredTensor:
    """Return a tensor of a storage whose numbers have been checked.

    Raises
    ------
    ValueError
        If a side, step or offset is no natural number, or the tensor reaches beyond its storage.
    """
    if not isinstance(storage, Storage) or len(shape) != len(steps) or not _natural((offset, *shape, *steps)):
        raise ValueError("a tensor's shape or storage is wrong")
    if math.prod(max(side, 1) for side in shape) > ELEMENTS_LIMIT:
        raise ValueError("a tensor has too many elements")
    tensor = StoredTensor(storage, TensorSpec(tuple(shape), dtype), offset, tuple(steps), **flags)
    if tensor.bytes[1] > storage.size:
        raise ValueError("a tensor reaches beyond its storage")
    return tensor


def _natural(values: Sequence[Any]) -> bool:
    return all(type(value) is int and 0 <= value <= ELEMENTS_LIMIT for value in values)
