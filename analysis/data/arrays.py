"""Arrays of images and labels: in an .npz, or in memory."""

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from .npy import DAMAGE
from .samples import single
from .source import InputKind, Pixels, Split, demand_split, has_suffix, refuse_scaling, refuse_split, source

_IMAGES = ("images", "x", "data")
_LABELS = ("labels", "y", "targets")
_CHANNELS = (1, 3)
_MOST_CLASSES = 100_000
_PLENTY, _TIGHTEST = 1 << 26, 200  # bytes of an array, and what no compression of real data comes to


class ArraySource:
    """Pictures that are in memory; see `Source`.

    Parameters
    ----------
    origin : str
        What to call it in an error.
    pixels : array, shape (samples, channels, height, width)
        uint8, or float32 where 1 is white.
    labels : array of int, shape (samples,)
        Indices into ``classes``.
    classes : tuple of str
        In the order of the labels, which is that of a network's outputs.
    numbers : array of int, shape (samples,), or None
        What to number the samples by in their names; None counts them.
    """

    kind: InputKind = "images"
    in_memory = True
    pad: int | None = None
    vocabulary: int | None = None

    def __init__(
        self,
        origin: str,
        pixels: Pixels,
        labels: NDArray[np.integer],
        classes: tuple[str, ...],
        numbers: NDArray[np.integer] | None = None,
    ) -> None:
        self.origin = origin
        self.classes = classes
        self.shape: tuple[int, ...] = pixels.shape[1:]
        self.further: Mapping[str, NDArray[Any]] = {}
        self._pixels = pixels
        self._order = np.argsort(labels, kind="stable")
        self.labels = labels[self._order].astype(np.int64)
        numbers = self._order if numbers is None else numbers[self._order]
        self.names: Sequence[str] = tuple(
            f"{classes[label]}/{number:05d}" for label, number in zip(self.labels, numbers, strict=True)
        )

    def read(self, samples: NDArray[np.int64]) -> Pixels:
        """Copy the samples out, (samples, channels, height, width)."""
        return self._pixels[self._order[samples]]

    def close(self) -> None:
        """Do nothing: no file is open."""


@source("an .npz of images and labels", lambda path: has_suffix(path, ".npz"))
def open_arrays(spec: DataSpec) -> ArraySource:
    """Read ``images`` (or ``x``, ``data``), ``labels`` (or ``y``, ``targets``) and, if there, ``class_names``.

    Images are (samples, height, width), (…, channels) or (samples, channels, …), uint8 or float. Names such as
    ``x_train`` or ``test_images`` tell two parts apart.

    Raises
    ------
    UserError
        If the file cannot be read without unpickling, an array is missing, or shapes, values or labels do not fit.
    """
    refuse_scaling(spec)
    path = spec.path
    stored = _Npz(path)
    suffixes = stored.parts(spec.split)
    pixels = _pixels(path, stored.read("images", suffixes, _IMAGES))
    labels = _labels(path, stored.read("labels", suffixes, _LABELS), len(pixels))
    return ArraySource(path, pixels, labels, _classes(path, stored.read_names(), labels))


class _Npz:
    """An .npz by the names it holds; opened for each array, so it is never left open."""

    def __init__(self, path: str) -> None:
        self.path = path
        _check_zip(path)
        self.keys: tuple[str, ...] = self._with_file(lambda file: tuple(file.files))

    def parts(self, split: Split | None) -> tuple[str, ...]:
        """Return what the split's array names may look like, with ``{}`` for the plain name."""
        has_both = all(self._find((f"{{}}_{part}", f"{part}_{{}}"), _IMAGES) for part in ("train", "test"))
        if not has_both:
            refuse_split(self.path, split)
            return ("{}",)
        part = demand_split(self.path, split)
        return (f"{{}}_{part}", f"{part}_{{}}")

    def read(self, what: str, patterns: tuple[str, ...], names: tuple[str, ...]) -> NDArray[Any]:
        key = self._find(patterns, names)
        if key is None:
            held = ", ".join(self.keys) or "nothing"
            raise UserError(
                f"'{self.path}' has no {what}: it holds {held}.",
                f"Name the array {' or '.join(patterns[0].format(name) for name in names)}.",
            )
        return self._array(key)

    def read_names(self) -> NDArray[Any] | None:
        return self._array("class_names") if "class_names" in self.keys else None

    def _find(self, patterns: tuple[str, ...], names: tuple[str, ...]) -> str | None:
        candidates = (pattern.format(name) for name in names for pattern in patterns)
        return next((key for key in candidates if key in self.keys), None)

    def _array(self, key: str) -> NDArray[Any]:
        return np.asarray(self._with_file(lambda file: file[key]))

    def _with_file(self, use: Any) -> Any:
        try:
            with Path(self.path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                return use(file)
        except (zipfile.BadZipFile, zlib.error, *DAMAGE) as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> UserError:
        if "allow_pickle" in str(error):
            return UserError(
                f"'{self.path}' holds pickled objects, which could run code when read.",
                "Save plain numeric arrays, and class names as an array of strings.",
            )
        return UserError(f"'{self.path}' cannot be read: an array in it is damaged.", "Check that it was copied whole.")


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


def _pixels(path: str, images: NDArray[Any]) -> Pixels:
    pixels = _channels_first(path, images)
    if 0 in pixels.shape:
        raise UserError(f"'{path}' holds no images.", "Save at least one.")
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind != "f":
        raise UserError(f"The images of '{path}' are {pixels.dtype}.", "Save them as uint8, or as float from 0 to 1.")
    pixels = single(pixels)
    if not np.isfinite(pixels).all():
        raise UserError(f"The images of '{path}' hold values that are no numbers.", "Mend or take out those images.")
    return pixels


def _channels_first(path: str, images: NDArray[Any]) -> NDArray[Any]:
    if images.ndim == 3:
        return images[:, None]
    if images.ndim == 4 and images.shape[1] in _CHANNELS:
        return images
    if images.ndim == 4 and images.shape[3] in _CHANNELS:
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    raise UserError(
        f"The images of '{path}' have the shape {images.shape}.",
        "It must be (samples, height, width), with 1 or 3 channels after the samples or at the end.",
    )


def _labels(path: str, labels: NDArray[Any], samples: int) -> NDArray[np.int64]:
    if labels.size != samples or labels.ndim == 0:
        raise UserError(f"'{path}' has {samples} images but {labels.size} labels.", "Save one label for each image.")
    flat = labels.reshape(-1)
    if flat.dtype.kind not in "iu":
        raise UserError(f"The labels of '{path}' are {flat.dtype}.", "Save them as whole numbers from 0 on.")
    if flat.min() < 0 or flat.max() >= _MOST_CLASSES:
        raise UserError(
            f"The labels of '{path}' run from {flat.min()} to {flat.max()}.", "Number the classes from 0 on."
        )
    return flat.astype(np.int64)


def _classes(path: str, names: NDArray[Any] | None, labels: NDArray[np.int64]) -> tuple[str, ...]:
    highest = int(labels.max())
    if names is None:
        return tuple(str(label) for label in range(highest + 1))
    classes = tuple(name.decode(errors="replace") if isinstance(name, bytes) else str(name) for name in names.flat)
    if highest >= len(classes):
        raise UserError(
            f"'{path}' has the label {highest} but only {len(classes)} class names.",
            "Number the labels from 0 on and name every class.",
        )
    if len(set(classes)) < len(classes):
        raise UserError(f"Two classes of '{path}' have the same name.", "Give each class a name of its own.")
    return classes
