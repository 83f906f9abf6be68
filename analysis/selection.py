"""Selections: which samples, classes, layers and models are marked, and the steps that led there.

A selection is a value. Gestures make new ones by set algebra, views receive masks, and a history keeps the old ones.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Names = frozenset[str]


class Mode(StrEnum):
    """How a gesture combines with the selection that is there."""

    REPLACE = "replace"
    ADD = "add"
    REMOVE = "remove"
    INTERSECT = "intersect"


@dataclass(frozen=True)
class Selection:
    """Marked samples of one data set, with marked classes, layers and models beside them.

    Attributes
    ----------
    size : int
        Samples of the data set.
    bits : bytes, length ceil(size / 8)
        One bit a sample, the first in the highest bit; bits past the last sample are zero.
    classes, layers, models : frozenset of str
        Marked classes, layers and models.

    Raises
    ------
    ValueError
        If ``bits`` does not fit ``size``.
    """

    size: int
    bits: bytes
    classes: Names = frozenset()
    layers: Names = frozenset()
    models: Names = frozenset()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.bits) != -(-self.size // 8):
            raise ValueError(f"{len(self.bits)} bytes do not hold {self.size} samples")
        if self.bits and self.bits[-1] & ~_last_byte(self.size):
            raise ValueError("bits past the last sample are set")

    @classmethod
    def none(cls, size: int) -> "Selection":
        """Return the empty selection over ``size`` samples."""
        return cls(size, bytes(-(-size // 8)))

    @classmethod
    def all(cls, size: int) -> "Selection":
        """Return the selection of every one of ``size`` samples."""
        return ~cls.none(size)

    @classmethod
    def of(cls, mask: ArrayLike) -> "Selection":
        """Return the selection of the samples where ``mask``, shape (samples,), is true.

        Raises
        ------
        ValueError
            If ``mask`` has not one dimension.
        """
        flags = np.asarray(mask, dtype=bool)
        if flags.ndim != 1:
            raise ValueError(f"a mask has one dimension, not {flags.ndim}")
        return cls(flags.size, np.packbits(flags).tobytes())

    @classmethod
    def at(cls, size: int, samples: ArrayLike) -> "Selection":
        """Return the selection of the samples with these indices, out of ``size``.

        Raises
        ------
        IndexError
            If an index lies outside the data set.
        """
        where = np.asarray(samples, dtype=np.int64)
        if where.size and (where.min() < 0 or where.max() >= size):
            raise IndexError(f"sample indices lie between 0 and {size - 1}")
        mask = np.zeros(size, dtype=bool)
        mask[where] = True
        return cls.of(mask)

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """Read-only array of bool, shape (size,): true where the sample is selected."""
        mask = np.unpackbits(self._bytes, count=self.size).view(np.bool_)
        mask.setflags(write=False)
        return mask

    @cached_property
    def count(self) -> int:
        """Number of selected samples."""
        return int(np.bitwise_count(self._bytes).sum(dtype=np.int64))

    @cached_property
    def samples(self) -> NDArray[np.int64]:
        """Read-only indices of the selected samples, ascending, shape (count,)."""
        samples = np.flatnonzero(self.mask).astype(np.int64, copy=False)
        samples.setflags(write=False)
        return samples

    def __bool__(self) -> bool:
        return bool(self.count or self.classes or self.layers or self.models)

    def __or__(self, other: "Selection") -> "Selection":
        return self._with(other, np.bitwise_or, frozenset.union)

    def __and__(self, other: "Selection") -> "Selection":
        return self._with(other, np.bitwise_and, frozenset.intersection)

    def __sub__(self, other: "Selection") -> "Selection":
        return self._with(other, lambda mine, theirs: mine & ~theirs, frozenset.difference)

    def __xor__(self, other: "Selection") -> "Selection":
        return self._with(other, np.bitwise_xor, frozenset.symmetric_difference)

    def __invert__(self) -> "Selection":
        """Select the other samples; classes, layers and models have no known whole and stay."""
        bits = bytearray((~self._bytes).tobytes())
        if bits:
            bits[-1] &= _last_byte(self.size)
        return replace(self, bits=bytes(bits))

    def combine(self, gesture: "Selection", mode: Mode) -> "Selection":
        """Return what a gesture in that mode makes of this selection."""
        match mode:
            case Mode.REPLACE:
                return gesture
            case Mode.ADD:
                return self | gesture
            case Mode.REMOVE:
                return self - gesture
            case Mode.INTERSECT:
                return self & gesture

    def marking(
        self,
        *,
        classes: Iterable[str] | None = None,
        layers: Iterable[str] | None = None,
        models: Iterable[str] | None = None,
    ) -> "Selection":
        """Return this selection with other classes, layers or models; None leaves them as they are."""
        return replace(
            self,
            classes=self.classes if classes is None else frozenset(classes),
            layers=self.layers if layers is None else frozenset(layers),
            models=self.models if models is None else frozenset(models),
        )

    @property
    def _bytes(self) -> NDArray[np.uint8]:
        return np.frombuffer(self.bits, dtype=np.uint8)

    def _with(
        self,
        other: "Selection",
        bits: Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.uint8]],
        names: Callable[[Names, Names], Names],
    ) -> "Selection":
        if self.size != other.size:
            raise ValueError(f"selections over {self.size} and {other.size} samples do not combine")
        return Selection(
            self.size,
            bits(self._bytes, other._bytes).tobytes(),
            names(self.classes, other.classes),
            names(self.layers, other.layers),
            names(self.models, other.models),
        )


def _last_byte(size: int) -> int:
    """Return the bits that the last byte may set."""
    return 0xFF & (0xFF << (-size % 8))


State = TypeVar("State")


class History(Generic[State]):
    """The present state, with named steps back and forth.

    Parameters
    ----------
    start : State
        The first state; states are immutable values.
    limit : int
        Steps that are kept; the oldest is forgotten first.
    """

    def __init__(self, start: State, limit: int = 100) -> None:
        if limit < 1:
            raise ValueError("a history keeps at least one step")
        self._present = start
        self._past: deque[tuple[str, State]] = deque(maxlen=limit)
        self._future: list[tuple[str, State]] = []

    @property
    def present(self) -> State:
        """The state that holds now."""
        return self._present

    @property
    def undoes(self) -> str | None:
        """Name of the step that `undo` takes back; None where there is none."""
        return self._past[-1][0] if self._past else None

    @property
    def redoes(self) -> str | None:
        """Name of the step that `redo` takes again; None where there is none."""
        return self._future[-1][0] if self._future else None

    def step(self, name: str, state: State) -> None:
        """Go to a new state; what was undone is forgotten. A state equal to the present one is no step."""
        if state == self._present:
            return
        self._past.append((name, self._present))
        self._future.clear()
        self._present = state

    def undo(self) -> State:
        """Go one step back, if there is one, and return the present state."""
        if self._past:
            name, state = self._past.pop()
            self._future.append((name, self._present))
            self._present = state
        return self._present

    def redo(self) -> State:
        """Take the last undone step again, if there is one, and return the present state."""
        if self._future:
            name, state = self._future.pop()
            self._past.append((name, self._present))
            self._present = state
        return self._present
