"""Image files: how they are decoded and checked."""

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import UserError
from .labelled import Labels
from .scaling import LARGEST_IMAGE, PLAIN, Scaling
from .source import InputKind

LARGEST_FILE = 1 << 28
"""Most bytes of an image file."""

_GREY = frozenset({"1", "L", "LA"})
_DEEP = ("I", "F")
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF", "PPM")
"""Whatever an image is called: of the library's other formats, one starts a program of its own."""


class ImageSource:
    """Images in files, read one at a time; see `Source`.

    Parameters
    ----------
    origin : str
        Path of the folder or archive.
    labelled : (array of int64, tuple of str)
        Labels and class names.
    names, paths : sequence of str
        A readable name for each image, and where in ``origin`` it lies.
    scaling : Scaling
        What is done to every image.
    load : callable
        Gives an image file's bytes by its sample's number.
    further : mapping of str to array
        Other values of each sample.
    close : callable
        Closes what ``load`` reads from.

    Raises
    ------
    UserError
        If the first image cannot be read.
    """

    kind: InputKind = "images"
    in_memory = False
    pad: int | None = None
    vocabulary: int | None = None
    remarks: Sequence[str] = ()

    def __init__(
        self,
        origin: str,
        labelled: Labels,
        names: Sequence[str],
        paths: Sequence[str],
        scaling: Scaling,
        load: Callable[[int], bytes],
        *,
        further: Mapping[str, NDArray[Any]] | None = None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.origin = origin
        self.further: Mapping[str, NDArray[Any]] = dict(further or {})
        self._scaling = scaling
        self._load = load
        self.close = close
        self.labels, self.classes = labelled
        self.names = names
        self._paths = paths
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
        return decode(self._load(sample), channels, f"'{self._paths[sample]}' in '{self.origin}'", self._scaling)


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
            pixels = np.asarray(scaling.apply(_opaque(image).convert(mode), name))
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
        raise UserError(
            f"The image {name} is in colour, the first of its set is grey.",
            "Bring all to one, by channels = 3 or channels = 1 beside the set's path.",
        )


def _opaque(image: Image.Image) -> Image.Image:
    """Return the image without what its palette says of transparency, which converts with a warning."""
    if image.mode == "P" and "transparency" in image.info:
        return image.convert("RGBA").convert("RGB")
    return image


def _too_large(name: str, pixels: str) -> UserError:
    return UserError(
        f"The image {name} has {pixels} pixels, too many to decode.", f"Scale it to at most {LARGEST_IMAGE:,} pixels."
    )


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[2]} × {shape[1]}"
