"""Image files in class folders: how they are arranged, decoded and checked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import UserError
from .scaling import LARGEST_IMAGE, PLAIN, Scaling
from .source import InputKind, Split, demand_split, refuse_split

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"})
LARGEST_FILE = 1 << 28
"""Most bytes of an image file."""

_SPLITS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "test",
    "valid": "test",
    "validation": "test",
}
_GREY = frozenset({"1", "L", "LA"})
_DEEP = ("I", "F")
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF", "PPM")
"""Whatever an image is called: of the library's other formats, one starts a program of its own."""


class ImageSource:
    """Images in class folders, read one file at a time; see `Source`.

    Parameters
    ----------
    origin : str
        Path of the folder or archive.
    paths : iterable of str
        Relative paths of all files, with ``/``; only images in folders count.
    split : str or None
        ``train`` or ``test`` where both lie side by side above the class folders.
    scaling : Scaling
        What is done to every image.
    load : callable
        Gives a file's bytes by its path in ``paths``.
    close : callable
        Closes what ``load`` reads from.

    Raises
    ------
    UserError
        If there are no images, no class folders, or the first image cannot be read.
    """

    kind: InputKind = "images"
    in_memory = False
    pad: int | None = None
    vocabulary: int | None = None

    def __init__(
        self,
        origin: str,
        paths: Iterable[str],
        split: Split | None,
        scaling: Scaling,
        load: Callable[[str], bytes],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.origin = origin
        self.further: Mapping[str, NDArray[Any]] = {}
        self._scaling = scaling
        self._load = load
        self.close = close
        parts = _part(origin, _checked(origin, paths), split)
        files = sorted((_class_of(inner), inner, path) for inner, path in parts)
        self.classes = tuple(sorted({name for name, _, _ in files}))
        index = {name: label for label, name in enumerate(self.classes)}
        self.labels = np.array([index[name] for name, _, _ in files], np.int64)
        self.names: Sequence[str] = tuple(inner for _, inner, _ in files)
        self._paths = [path for _, _, path in files]
        self.shape: tuple[int, ...] = self._image(0, scaling.channels).shape

    def read(self, samples: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Decode the samples, (samples, channels, height, width)."""
        pixels = np.empty((len(samples), *self.shape), np.uint8)
        for row, sample in enumerate(samples):
            pixels[row] = self._checked(int(sample))
        return pixels

    def _checked(self, sample: int) -> NDArray[np.uint8]:
        image = self._image(sample, self.shape[0])
        if image.shape != self.shape:
            raise UserError(
                f"'{self.origin}' mixes image sizes: '{self.names[sample]}' is {_size(image.shape)}, "
                f"'{self.names[0]}' is {_size(self.shape)}.",
                "Bring all to one size, such as by resize = 256 and crop = 224 beside the set's path.",
            )
        return image

    def _image(self, sample: int, channels: int | None) -> NDArray[np.uint8]:
        path = self._paths[sample]
        return decode(self._load(path), channels, f"'{path}' in '{self.origin}'", self._scaling)


def decode(data: bytes, channels: int | None, name: str, scaling: Scaling = PLAIN) -> NDArray[np.uint8]:
    """Decode one image to (channels, height, width).

    Parameters
    ----------
    data : bytes
        The file's content.
    channels : int or None
        1 for grey, 3 for RGB; None takes the image's own.
    name : str
        What to call the image in an error.
    scaling : Scaling
        What is done to it.

    Raises
    ------
    UserError
        If it cannot be decoded, is larger than `LARGEST_IMAGE`, has more than 8 bits a channel, is in colour where
        grey is asked for and not declared, or smaller than its crop.
    """
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            _check(image, None if scaling.channels else channels, name)
            mode = "L" if (channels or (1 if image.mode in _GREY else 3)) == 1 else "RGB"
            pixels = np.asarray(scaling.apply(image.convert(mode), name))
    except UserError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name, "so many") from error
    except Exception as error:  # decoders raise anything on damaged bytes
        raise UserError(f"The image {name} cannot be read.", "Replace it or take it out.") from error
    return np.atleast_3d(pixels).transpose(2, 0, 1)


def _check(image: Image.Image, channels: int | None, name: str) -> None:
    width, height = image.size
    if width * height > LARGEST_IMAGE:
        raise _too_large(name, f"{width} × {height}")
    if image.mode.startswith(_DEEP):
        raise UserError(f"The image {name} has more than 8 bits a channel.", "Convert it to 8 bits.")
    if channels == 1 and image.mode not in _GREY:
        raise UserError(f"The image {name} is in colour, the first of its set is grey.", "Convert all to the same.")


def _too_large(name: str, pixels: str) -> UserError:
    return UserError(
        f"The image {name} has {pixels} pixels, too many to decode.", f"Scale it to at most {LARGEST_IMAGE:,} pixels."
    )


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[2]} × {shape[1]}"


def _checked(origin: str, paths: Iterable[str]) -> list[str]:
    """Return the paths; each must be text, and none may come twice."""
    found = list(paths)
    if len(set(found)) < len(found):
        raise UserError(f"'{origin}' names a file twice.", "Make it anew.")
    odd = next((path for path in found if path.encode(errors="replace").decode() != path), None)
    if odd is not None:
        raise UserError(f"The name {odd!a} in '{origin}' is not UTF-8.", "Give that file or folder another name.")
    return found


def _part(origin: str, paths: Iterable[str], split: Split | None) -> list[tuple[str, str]]:
    """Return (path from the class folder on, path) of the split's images."""
    inside = {path: PurePosixPath(path).parts for path in paths if _is_image(path)}
    if not inside:
        raise UserError(f"'{origin}' holds no images.", f"Image files end in {', '.join(sorted(SUFFIXES))}.")
    tops = _unwrap(inside)
    if {_SPLITS.get(top) for top in tops} == {"train", "test"}:
        wanted = demand_split(origin, split)
        inside = {path: parts[1:] for path, parts in inside.items() if _SPLITS[parts[0]] == wanted}
    else:
        refuse_split(origin, split)
    found = [("/".join(parts), path) for path, parts in inside.items() if len(parts) > 1]
    if not found:
        raise UserError(f"'{origin}' has images but no classes.", "Put each class's images in a folder of its name.")
    return found


def _unwrap(inside: dict[str, tuple[str, ...]]) -> set[str]:
    """Take off folders that hold everything, down to the class folders or a split; return the top names then."""
    while True:
        tops = {parts[0] for parts in inside.values()}
        if len(tops) > 1 or any(len(parts) < 3 for parts in inside.values()):
            return tops
        inside.update({path: parts[1:] for path, parts in inside.items()})


def _class_of(inner: str) -> str:
    return inner.split("/", 1)[0]


def _is_image(path: str) -> bool:
    inner = PurePosixPath(path)
    hidden = any(part.startswith((".", "__MACOSX")) for part in inner.parts)
    return inner.suffix.lower() in SUFFIXES and not hidden
