"""Which inverted residuals are added to their input, which shapes leave open where widths were cut."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..told import told

_UNIT = 8  # channels that published widths are multiples of
_FACTORS = range(1, 401)  # percent


def added(
    sides: Sequence[tuple[int, int, int]],
    narrowing: Sequence[int],
    published: Sequence[int],
    metadata: Mapping[str, Any],
) -> tuple[list[int], str]:
    """Return the numbers, from 1 on, of the blocks that are added to their input, and in words what is untold of it.

    A block is added where it takes and gives maps of one shape. Where the published network changes the width, one that
    keeps it may have been cut, and then is not added, unless all widths are the published ones times one factor.

    Parameters
    ----------
    sides : sequence of (int, int, int)
        Each block's channels before and after, and its stride.
    narrowing : sequence of int
        The blocks that change the width and not the resolution in the published network.
    published : sequence of int
        The channels after the stem and each block there.
    metadata : mapping of str to Any
        What the file says: ``adds``.
    """
    equal = [number for number, (before, after, stride) in enumerate(sides, 1) if stride == 1 and before == after]
    found = told(metadata, "adds")
    if isinstance(found, list):
        fitting = [number for number in found if number in equal]
        return fitting, "" if fitting == found else "other blocks are told to be added to their input than can be"
    doubtful = [number for number in equal if number in narrowing]
    if not doubtful or _by_one_factor([sides[0][0], *(after for _, after, _ in sides)], published):
        return equal, ""
    return equal, f"nothing tells whether its block {doubtful[0]} is added to its input"


def _by_one_factor(widths: Sequence[int], published: Sequence[int]) -> bool:
    scaled = ([_rounded(width * factor / 100) for width in published] for factor in _FACTORS)
    return list(widths) in scaled


def _rounded(width: float) -> int:
    """Return a width as torchvision rounds it: to a multiple of 8, by at most a tenth down."""
    near = max(_UNIT, int(width + _UNIT / 2) // _UNIT * _UNIT)
    return near + _UNIT if near < 0.9 * width else near
