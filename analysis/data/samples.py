"""What rows of an array are, by their shape and number type."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from .source import InputKind, Pixels

_CHANNELS = (1, 3)
_MOST_SAMPLES = 100_000_000
_LARGEST_SAMPLE = 1 << 28  # numbers
RAGGED = "of samples of several lengths, fill them up and save their lengths beside them, in an .npz or .h5."
"""How samples are kept that have several lengths."""

Convert = Callable[[NDArray[Any]], Pixels]


def is_ragged(dtype: np.dtype[Any]) -> bool:
    """Tell rows of several lengths, as HDF5 keeps them."""
    return dtype.metadata is not None and isinstance(dtype.metadata.get("vlen"), np.dtype)


def as_samples(rows: Any, what: str) -> tuple[InputKind, tuple[int, ...], Convert]:
    """Return what samples are, the shape of one, and the function that makes rows into them.

    Rows of (height, width), (channels, height, width) or (height, width, channels) are images, uint8 or float with 1
    for white. Rows of one axis are numbers where they are floats, or whole numbers of one byte; else tokens.

    Raises
    ------
    UserError
        If there are none or too many, or the shape or type is none of these.
    """
    shape, dtype = tuple(rows.shape), rows.dtype
    if is_ragged(dtype):
        raise UserError(f"The samples of {what} have several lengths.", f"Save rows of one length; {RAGGED}")
    if 0 in shape or len(shape) < 2:
        raise UserError(f"{what} holds samples of the shape {shape}.", "Save at least one, as a row of its own.")
    check_count(shape[0], what)
    if prod(shape[1:]) > _LARGEST_SAMPLE:
        raise UserError(f"{what} has more than {_LARGEST_SAMPLE:,} numbers in a sample.", "Cut the samples to pieces.")
    if len(shape) == 2:
        return _flat(shape, dtype, what)
    if dtype != np.uint8 and dtype.kind != "f":
        raise UserError(f"The images of {what} are {dtype}.", "Save them as uint8, or as float from 0 to 1.")
    if len(shape) == 3:
        return "images", (1, *shape[1:]), lambda part: _pixels(part[:, None], what)
    if len(shape) == 4 and shape[1] in _CHANNELS:
        return "images", shape[1:], lambda part: _pixels(part, what)
    if len(shape) == 4 and shape[3] in _CHANNELS:
        return "images", (shape[3], *shape[1:3]), lambda part: _pixels(part.transpose(0, 3, 1, 2), what)
    raise UserError(
        f"The images of {what} have the shape {shape}.",
        "It must be (samples, height, width), with 1 or 3 channels after the samples or at the end.",
    )


def check_count(samples: int, what: str) -> None:
    """Refuse more samples than memory has room to name and label.

    Raises
    ------
    UserError
        If there are so many.
    """
    if samples > _MOST_SAMPLES:
        raise UserError(f"{what} claims {samples:,} samples, more than {_MOST_SAMPLES:,}.", "Save a part of them.")


def _flat(shape: tuple[int, ...], dtype: np.dtype[Any], what: str) -> tuple[InputKind, tuple[int, ...], Convert]:
    if dtype.kind == "f" or dtype in (np.uint8, np.int8, np.bool_):
        return "numbers", shape[1:], lambda part: finite(single(part), what)
    if dtype.kind in "iu":
        return "tokens", shape[1:], lambda part: part.astype(np.int64)
    raise UserError(f"The values of {what} are {dtype}.", "Save numbers as float32, or tokens as int64.")


def _pixels(part: NDArray[Any], what: str) -> Pixels:
    if part.dtype == np.uint8:
        return np.ascontiguousarray(part)
    return finite(single(part), what)


def single(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return values in single precision and in one piece; what is too large for it is infinite."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(values, np.float32)


def finite(values: NDArray[np.float32], what: str) -> NDArray[np.float32]:
    """Return the values.

    Raises
    ------
    UserError
        If one of them is no number.
    """
    if not np.isfinite(values).all():
        raise UserError(f"{what} holds values that are no numbers.", "Mend or take out those samples.")
    return values
