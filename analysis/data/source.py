"""Sources: what a data set is read from, and the shelf of the kinds there are.

A kind of source is one module of this package with one function under `source`; nothing else needs to know it.
"""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec

Split = Literal["train", "val", "test"]
InputKind = Literal["images", "tokens", "numbers"]
Pixels = NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.int64]


class Source(Protocol):
    """Samples of one shape, labelled or not.

    Attributes
    ----------
    origin : str
        What a person calls it: its path.
    kind : {"images", "tokens", "numbers"}
        What a sample is.
    classes : tuple of str
        Names of the classes; none where there are no labels.
    labels : array of int64, shape (samples,)
        Indices into ``classes``; −1 where there are none.
    names : tuple of str
        A readable name for each sample.
    shape : tuple of int
        Channels, height and width of an image (1 channel is grey, 3 are RGB); how many tokens or numbers.
    further : mapping of str to array
        Other values of each sample: ``label.NAME``, ``group.NAME``, ``weight``.
    pad : int or None
        The token that fills short samples up and is in none of them; None where every token counts, and for other
        kinds.
    vocabulary : int or None
        No token reaches it; None where only the samples tell.
    remarks : sequence of str
        What a person may want to know of how it was read, in sentences.
    in_memory : bool
        Whether reading is so quick that nothing is won by keeping what was read.
    """

    origin: str
    kind: InputKind
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    names: Sequence[str]
    shape: tuple[int, ...]
    further: Mapping[str, NDArray[Any]]
    pad: int | None
    vocabulary: int | None
    remarks: Sequence[str]
    in_memory: bool

    def read(self, samples: NDArray[np.int64]) -> Pixels:
        """Return pixels, (samples, channels, height, width): uint8, or float32 where 1 is white; else (samples, width).

        Tokens are int64, numbers float32.

        Several threads may call this at once.

        Raises
        ------
        UserError
            If a picture cannot be read; names it.
        """
        ...

    def close(self) -> None:
        """Close its file; nothing can be read afterwards unless it is in memory."""
        ...


Opener = Callable[[DataSpec], Source]


@dataclass(frozen=True)
class _Kind:
    title: str
    claims: Callable[[str], bool]
    open: Opener


_KINDS: dict[str, _Kind] = {}


def source(title: str, claims: Callable[[str], bool]) -> Callable[[Opener], Opener]:
    """Register the decorated function as the opener of every path that ``claims`` accepts."""

    def keep(opener: Opener) -> Opener:
        _KINDS[f"{opener.__module__}.{opener.__name__}"] = _Kind(title, claims, opener)
        return opener

    return keep


def has_suffix(path: str, suffix: str) -> bool:
    """Return whether the path is a file with this suffix, in any case."""
    return Path(path).suffix.lower() == suffix and Path(path).is_file()


def open_source(spec: DataSpec) -> Source:
    """Open whatever lies at the path of ``spec``.

    Raises
    ------
    UserError
        If there is nothing, or nothing of a known kind.
    """
    path, kinds = spec.path, _kinds()
    for kind in kinds:
        if kind.claims(path):
            return kind.open(spec)
    known = "; ".join(kind.title for kind in kinds)
    if not Path(path).exists():
        raise UserError(
            f"There is no data set at '{path}'.", "Check the path; a recipe's paths start at its own folder."
        )
    raise UserError(f"'{path}' is not a data set that can be read.", f"What can be read: {known}.")


def refuse_scaling(spec: DataSpec) -> None:
    """Refuse scaling where the source has no image files.

    Raises
    ------
    UserError
        If any is asked for.
    """
    if spec.resize or spec.crop or spec.channels:
        raise UserError(f"'{spec.path}' holds no image files to scale.", "Leave out resize, crop and channels.")


def refuse_split(origin: str, split: Split | None) -> None:
    """Refuse a split where the source has no parts.

    Raises
    ------
    UserError
        If a split is asked for.
    """
    if split is not None:
        raise UserError(f"'{origin}' has no train and test part.", f'Leave out split = "{split}".')


def demand_split(origin: str, split: Split | None, parts: Collection[Split]) -> Split:
    """Return the split that a source with several parts needs; where there is no test part, val stands for it.

    Raises
    ------
    UserError
        If none is asked for, or one that it has not.
    """
    ways = " or ".join(f'split = "{part}"' for part in parts)
    if split is None:
        raise UserError(f"'{origin}' has a {' and a '.join(parts)} part.", f"Say which: {ways}.")
    if split == "test" and split not in parts and "val" in parts:
        return "val"
    if split not in parts:
        raise UserError(f"'{origin}' has no {split} part, but a {' and a '.join(parts)} part.", f"Say {ways}.")
    return split


def _kinds() -> list[_Kind]:
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__, f"{__package__}."):
        importlib.import_module(module.name)
    return [_KINDS[name] for name in sorted(_KINDS)]
