"""A zip of class folders of images, read in place."""

import zipfile
import zlib
from contextlib import suppress

from ..errors import UserError
from ..trials import DataSpec
from .class_folders import class_folders
from .folder_tree import Tree
from .images import LARGEST_FILE, ImageSource
from .scaling import Scaling
from .source import has_suffix, source

_UTF8 = 0x800  # the flag of a name that is UTF-8; others are read as the old code page


@source("a .zip of such a folder", lambda path: has_suffix(path, ".zip"))
def open_archive(spec: DataSpec) -> ImageSource:
    """Open the zip; it stays open until closed, and nothing is extracted to disk.

    Raises
    ------
    UserError
        If it is not a zip; further as `ImageSource`.
    """
    path = spec.path
    archive = _opened(path)

    try:
        found = class_folders(_tree(path, archive), spec.split, spec.classes)
        held = {_path(info): info for info in archive.infolist()}
        members = [held[inner] for inner in found.paths]
        return ImageSource(
            path,
            found.labelled,
            found.names,
            found.paths,
            Scaling.of(spec),
            lambda sample: _member(archive, path, members[sample]),
            close=archive.close,
        )
    except BaseException:
        archive.close()
        raise


def archived(path: str) -> Tree:
    """Return what lies in a zip.

    Raises
    ------
    UserError
        If it is not a zip.
    """
    with _opened(path) as archive:
        return _tree(path, archive)


def _opened(path: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UserError(f"'{path}' is not a zip that can be read.", "Check that it was copied whole.") from error


def _tree(path: str, archive: zipfile.ZipFile) -> Tree:
    names = [_path(info) for info in archive.infolist()]
    files, folders = ([name for name in names if name.endswith("/") == wanted] for wanted in (False, True))
    return Tree(path, files, folders)


def _path(info: zipfile.ZipInfo) -> str:
    """Return a member's path: programs write backslashes, and UTF-8 without saying so."""
    name = info.filename
    if not info.flag_bits & _UTF8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _member(archive: zipfile.ZipFile, path: str, member: zipfile.ZipInfo) -> bytes:
    inner = member.filename
    if member.file_size > LARGEST_FILE:
        raise UserError(f"'{inner}' in '{path}' unpacks to more than {LARGEST_FILE:,} bytes.", "Take it out.")
    try:
        return archive.read(member)
    # RuntimeError: encrypted; NotImplementedError: an unknown compression
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
        raise UserError(
            f"'{inner}' in '{path}' cannot be unpacked.", "Make the zip anew, without a password."
        ) from error
