"""A zip of class folders of images, read in place."""

import zipfile
import zlib

from ..errors import UserError
from ..trials import DataSpec
from .images import LARGEST_FILE, ImageSource
from .scaling import Scaling
from .source import has_suffix, source


@source("a .zip of such a folder", lambda path: has_suffix(path, ".zip"))
def open_archive(spec: DataSpec) -> ImageSource:
    """Open the zip; it stays open until closed, and nothing is extracted to disk.

    Raises
    ------
    UserError
        If it is not a zip; further as `ImageSource`.
    """
    path = spec.path
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UserError(f"'{path}' is not a zip that can be read.", "Check that it was copied whole.") from error

    def load(inner: str) -> bytes:
        return _member(archive, path, inner)

    try:
        files = [info.filename for info in archive.infolist() if not info.is_dir()]
        return ImageSource(path, files, spec.split, Scaling.of(spec), load, archive.close)
    except BaseException:
        archive.close()
        raise


def _member(archive: zipfile.ZipFile, path: str, inner: str) -> bytes:
    if archive.getinfo(inner).file_size > LARGEST_FILE:
        raise UserError(f"'{inner}' in '{path}' unpacks to more than {LARGEST_FILE:,} bytes.", "Take it out.")
    try:
        return archive.read(inner)
    # RuntimeError: encrypted; NotImplementedError: an unknown compression
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
        raise UserError(
            f"'{inner}' in '{path}' cannot be unpacked.", "Make the zip anew, without a password."
        ) from error
