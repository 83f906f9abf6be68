"""NumPy archives: pictures and labels in one ``.npz`` file."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import UserError
from ..trials import DataSpec
from .images import Pictures, spread

_PICTURES = ("images", "x", "data", "x_test", "X")
_LABELS = ("labels", "y", "targets", "y_test", "label")
_NAMES = ("class_names", "classes", "label_names")


def read_npz(path: Path, spec: DataSpec) -> Pictures:
    """Read ``images`` (or ``x``, ``data``) and ``labels`` (or ``y``, ``targets``), and ``class_names`` if there.

    Images are (samples, height, width), (samples, height, width, channels) or (samples, channels, height, width), of
    bytes or of floats in [0, 1].

    Raises
    ------
    UserError
        If an array is missing, holds Python objects, or does not fit.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            pixels = _pixels(path, file[_find(path, file.files, _PICTURES)])
            labels = file[_find(path, file.files, _LABELS)].ravel()
            named = next((file[name] for name in _NAMES if name in file.files), None)
    except (zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
        raise UserError(f"{path} is not a readable NumPy archive: {error}.", "Save it with numpy.savez.") from error
    labels = _checked(path, labels, len(pixels))
    classes = tuple(map(str, named)) if named is not None else tuple(map(str, range(int(labels.max()) + 1)))
    if labels.max() >= len(classes):
        raise UserError(f"{path} has the label {labels.max()} and {len(classes)} class names.", "Mend its labels.")
    order = np.argsort(labels, kind="stable")
    if spec.classes:
        order = order[np.isin(labels[order], [classes.index(name) for name in spec.classes if name in classes])]
    order = order[spread(labels[order], spec.limit)]
    return Pictures(pixels[order], labels[order], tuple(f"{classes[labels[i]]}/{i:06d}" for i in order), classes)


def _find(path: Path, names: list[str], wanted: tuple[str, ...]) -> str:
    found = next((name for name in wanted if name in names), None)
    if found is None:
        raise UserError(
            f"{path} has no array called {' or '.join(wanted[:3])}.", f"It has {', '.join(names) or 'none'}."
        )
    return found


def _pixels(path: Path, images: NDArray[np.generic]) -> NDArray[np.uint8]:
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim == 4 and images.shape[3] not in {1, 3} and images.shape[1] in {1, 3}:
        images = images.transpose(0, 2, 3, 1)
    if images.ndim != 4 or images.shape[3] not in {1, 3} or len(images) == 0:
        raise UserError(f"The images in {path} have shape {images.shape}.", "Give (samples, height, width, channels).")
    if images.dtype == np.uint8:
        return images
    values = images.astype(np.float64)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise UserError(f"The images in {path} are not bytes and not in [0, 1].", "Scale them to [0, 1].")
    return np.round(values * 255).astype(np.uint8)


def _checked(path: Path, labels: NDArray[np.generic], samples: int) -> NDArray[np.int64]:
    if len(labels) != samples or not np.issubdtype(labels.dtype, np.integer) or labels.astype(np.int64).min() < 0:
        raise UserError(f"{path} has no label from 0 on for each of its {samples} images.", "Mend its labels.")
    return labels.astype(np.int64)
