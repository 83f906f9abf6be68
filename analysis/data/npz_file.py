"""Arrays by name in an ``.npz`` file, and the parts of a set that their names tell apart."""

import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from .npy import DAMAGE
from .samples import RAGGED
from .source import Split, demand_split, refuse_split

_PLENTY, _TIGHTEST = 1 << 26, 200  # bytes of an array, and what no compression of real data comes to
_PARTS: dict[Split, tuple[str, ...]] = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
_WHOLE = ("{}",)


class NpzFile:
    """An .npz by the names it holds, in any case; opened for each array, so it is never left open.

    Raises
    ------
    UserError
        If it is no .npz, names an array twice, or holds little that unpacks to very much.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        _check_zip(path)
        self.keys: tuple[str, ...] = self._with_file(lambda file: tuple(file.files))

    def patterns(self, split: Split | None, names: Sequence[str]) -> tuple[str, ...]:
        """Return what the names of the split's arrays look like, with ``{}`` for the plain name.

        Raises
        ------
        UserError
            If the split does not fit the parts in which one of ``names`` comes.
        """
        parts = {part: _patterns(part) for part in _PARTS if self.find(_patterns(part), names)}
        if len(parts) > 1:
            return parts[demand_split(self.path, split, list(parts))]
        if parts and not self.find(_WHOLE, names) and split in (None, *parts):
            return next(iter(parts.values()))
        refuse_split(self.path, split)
        return _WHOLE

    def find(self, patterns: Sequence[str], names: Sequence[str]) -> str | None:
        """Return the first array of one of the names."""
        held = {key.lower(): key for key in reversed(self.keys)}
        candidates = (pattern.format(name.lower()) for name in names for pattern in patterns)
        return next((held[name] for name in candidates if name in held), None)

    def read(self, what: str, patterns: Sequence[str], names: Sequence[str]) -> NDArray[Any]:
        """Return the first array of one of the names.

        Raises
        ------
        UserError
            If there is none, or it cannot be read without unpickling.
        """
        key = self.find(patterns, names)
        if key is None:
            held = ", ".join(self.keys) or "nothing"
            ways = " or ".join(patterns[0].format(name) for name in names)
            raise UserError(f"'{self.path}' has no {what}: it holds {held}.", f"Name the array {ways}.")
        return self.array(key)

    def array(self, key: str) -> NDArray[Any]:
        """Return an array by its own name.

        Raises
        ------
        UserError
            If it cannot be read without unpickling.
        """
        return np.asarray(self._with_file(lambda file: file[key]))

    def _with_file(self, use: Callable[[Any], Any]) -> Any:
        try:
            with Path(self.path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                return use(file)
        except (zipfile.BadZipFile, zlib.error, *DAMAGE) as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> UserError:
        if "allow_pickle" in str(error):
            return UserError(
                f"'{self.path}' holds pickled objects, which could run code when read.",
                f"Save plain numeric arrays, and class names as an array of strings; {RAGGED}",
            )
        return UserError(f"'{self.path}' cannot be read: an array in it is damaged.", "Check that it was copied whole.")


def _patterns(part: Split) -> tuple[str, ...]:
    return tuple(pattern for word in _PARTS[part] for pattern in (f"{{}}_{word}", f"{word}_{{}}"))


def _check_zip(path: str) -> None:
    """Refuse what is no zip, names a part twice, or holds little that unpacks to very much."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, *DAMAGE) as error:
        raise UserError(f"'{path}' is not an .npz file.", "Write it with numpy.savez.") from error
    if len({part.filename for part in parts}) < len(parts):
        raise UserError(f"'{path}' names an array twice.", "Write it anew with numpy.savez.")
    bomb = next((part for part in parts if part.file_size > max(_PLENTY, _TIGHTEST * part.compress_size)), None)
    if bomb is not None:
        raise UserError(
            f"'{bomb.filename}' in '{path}' unpacks from {bomb.compress_size:,} to {bomb.file_size:,} bytes.",
            "If that is meant, write it with numpy.savez, which does not compress.",
        )
