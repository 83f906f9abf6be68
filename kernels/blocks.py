"""Long arrays a piece at a time, so that what is made of them on the way takes little memory."""

from collections.abc import Iterator
from math import prod

_ELEMENTS = 1 << 22


def blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Give slices of rows that together are all of an array of that shape, each of some four million elements."""
    rows = max(1, _ELEMENTS // max(1, prod(shape[1:])))
    for start in range(0, shape[0], rows):
        yield slice(start, min(start + rows, shape[0]))
