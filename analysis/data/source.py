"""Sources: what a data set is read from, and the shelf of the kinds there are.

A kind of source is one module of this package with one function under `source`; nothing else needs to know it.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError

Split = Literal["train", "test"]
Pixels = NDArray[np.uint8] | NDArray[np.float32]


class Source(Protocol):
    """Labelled pictures of one shape, class by class and by name within a class.

    Attributes
    ----------
    origin : str
        What a person calls it: its path.
    classes : tuple of str
        Names of the classes.
    labels : array of int64, shape (samples,)
        Indices into ``classes``, ascending.
    names : tuple of str
        A readable name for each sample.
    shape : tuple of int
        Channels, height and width; 1 channel is grey, 3 are RGB.
    in_memory : bool
        Whether reading touches no file, so that nothing is won by keeping what was read.
    """

    origin: str
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    shape: tuple[int, int, int]
    in_memory: bool

    def read(self, samples: NDArray[np.int64]) -> Pixels:
        """Return pixels, (samples, channels, height, width): uint8, or float32 where 1 is white.

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


Opener = Callable[[str, Split | None], Source]


@dataclass(frozen=True)
class _Kind:
    title: str
    claims: Callable[[str], bool]
    open: Opener


_KINDS: dict[str, _Kind] = {}


def source(title: str, claims: Callable[[str], bool]) -> Callable[[Opener], Opener]:
    """Register the decorated function as the opener of every path that ``claims`` accepts."""

    def keep(opener: Opener) -> Opener:
        _KINDS[opener.__module__] = _Kind(title, claims, opener)
        return opener

    return keep


def has_suffix(path: str, suffix: str) -> bool:
    """Return whether the path is a file with this suffix, in any case."""
    return Path(path).suffix.lower() == suffix and Path(path).is_file()


def open_source(path: str, split: Split | None) -> Source:
    """Open whatever lies at ``path``.

    Raises
    ------
    UserError
        If there is nothing, or nothing of a known kind.
    """
    kinds = _kinds()
    for kind in kinds:
        if kind.claims(path):
            return kind.open(path, split)
    known = "; ".join(kind.title for kind in kinds)
    if not Path(path).exists():
        raise UserError(
            f"There is no data set at '{path}'.", "Check the path; a recipe's paths start at its own folder."
        )
    raise UserError(f"'{path}' is not a data set that can be read.", f"What can be read: {known}.")


def refuse_split(origin: str, split: Split | None) -> None:
    """Refuse a split where the source has no parts.

    Raises
    ------
    UserError
        If a split is asked for.
    """
    if split is not None:
        raise UserError(f"'{origin}' has no train and test part.", f'Leave out split = "{split}".')


def demand_split(origin: str, split: Split | None) -> Split:
    """Return the split that a source with two parts needs.

    Raises
    ------
    UserError
        If none is asked for.
    """
    if split is None:
        raise UserError(f"'{origin}' has a train and a test part.", 'Say which: split = "train" or split = "test".')
    return split


def _kinds() -> list[_Kind]:
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__, f"{__package__}."):
        importlib.import_module(module.name)
    return [_KINDS[name] for name in sorted(_KINDS)]
