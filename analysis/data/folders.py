"""Class folders of images, in a folder or in a zip archive."""

import io
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..catalogue import unknown
from ..errors import UserError
from ..trials import DataSpec
from .images import Pictures, spread

_ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif", ".ppm", ".pgm", ".tif", ".tiff"}
_LARGEST_FILE = 1 << 28
_LARGEST_SET = 8 << 30

Read = Callable[[str], bytes]


def read_folder(path: Path, spec: DataSpec) -> Pictures:
    """Read ``class/name.jpg`` below a folder.

    Raises
    ------
    UserError
        If there are no class folders with images, or an image cannot be used.
    """
    names = [file.relative_to(path).as_posix() for file in path.glob("*/*") if file.is_file()]
    return _read(path, names, spec, lambda name: (path / name).read_bytes())


def read_archive(path: Path, spec: DataSpec) -> Pictures:
    """Read ``class/name.jpg`` inside a zip archive, without unpacking it to disk.

    Raises
    ------
    UserError
        As `read_folder`, or if the file is no zip archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist() if not entry.is_dir()}

            def read(name: str) -> bytes:
                if sizes[name] > _LARGEST_FILE:
                    raise UserError(f"{name} in {path} claims {sizes[name]:,} bytes.", "Remove it from the archive.")
                return archive.read(name)

            return _read(path, list(sizes), spec, read)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise UserError(f"{path} is not a whole zip archive: {error}.", "Pack it again.") from error


def _read(path: Path, names: Sequence[str], spec: DataSpec, read: Read) -> Pictures:
    inside = sorted(name for name in names if PurePosixPath(name).suffix.lower() in _ENDINGS and "/" in name)
    of_class = [PurePosixPath(name).parent.name for name in inside]
    classes = tuple(sorted(set(of_class)))
    if not classes:
        raise UserError(f"{path} has no class folders with images.", "Arrange the images as class/name.jpg.")
    for name in spec.classes or ():
        if name not in classes:
            raise unknown(f"class in {path} called", name, list(classes))
    number = {name: index for index, name in enumerate(classes)}
    wanted = set(spec.classes or classes)
    samples = sorted((number[c], name) for name, c in zip(inside, of_class, strict=True) if c in wanted)
    labels = np.array([label for label, _ in samples], dtype=np.int64)
    kept = spread(labels, spec.limit)
    chosen = [samples[i][1] for i in kept]
    return Pictures(_decode_all(path, chosen, read), labels[kept], tuple(chosen), classes)


def _decode_all(path: Path, names: Sequence[str], read: Read) -> NDArray[np.uint8]:
    first = _decode(path, names[0], read(names[0]))
    if first.nbytes * len(names) > _LARGEST_SET:
        raise UserError(f"{path} would take {first.nbytes * len(names) >> 30} GB of memory.", "Give it a limit.")
    pixels = np.empty((len(names), *first.shape), dtype=np.uint8)

    def fill(index: int, content: bytes) -> None:
        picture = _decode(path, names[index], content)
        if picture.shape != first.shape:
            raise UserError(
                f"{names[index]} in {path} is {_size(picture)}, and {names[0]} is {_size(first)}.",
                "Bring all images to one size and one number of channels.",
            )
        pixels[index] = picture

    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(fill, index, read(name)) for index, name in enumerate(names)]:
            done.result()
    return pixels


def _decode(path: Path, name: str, content: bytes) -> NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(content)) as image:
            plain = image.convert("L" if image.mode in {"L", "1", "I", "I;16"} else "RGB")
            pixels = np.asarray(plain)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{name} in {path} is not a readable image.", "Remove or replace it.") from error
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _size(picture: NDArray[np.uint8]) -> str:
    height, width, channels = picture.shape
    return f"{width}×{height} with {channels} channel{'s' if channels > 1 else ''}"
