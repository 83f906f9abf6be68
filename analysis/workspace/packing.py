"""One file out of a workspace, and a workspace out of one file that may come from anybody."""

import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from ..atomic import replacing, sync
from ..errors import UserError
from .check import recorded
from .database import Database
from .files import ARRAYS, CHECKPOINTS, DATABASE, bare, make_folders, vacant

_NEXT = "Choose an archive that `graftwork workspace pack` wrote."


def pack(db: sqlite3.Connection, home: Path, target: Path) -> Path:
    """Write a workspace into one zip file; caches and unfinished files stay behind, and trials may go on meanwhile.

    Raises
    ------
    UserError
        If the file cannot be written, or a recorded file is missing or lies elsewhere.
    """
    try:
        with tempfile.TemporaryDirectory() as scratch, replacing(target.absolute()) as temporary:
            copy = Path(scratch) / DATABASE
            _write(temporary, copy, home, _snapshot(db, copy))
    except OSError as error:
        raise UserError(
            f"The workspace cannot be packed into {target}: {error.strerror or error}.",
            "Choose a place with room that you can write to, and check the workspace.",
        ) from error
    return target.absolute()


def unpack(archive: Path, folder: Path) -> Path:
    """Make a workspace in a new folder from a packed one, and return its absolute path.

    Raises
    ------
    UserError
        If the archive is damaged or no packed workspace, the folder is not free, or the disk is too full.
    """
    home = vacant(folder)
    if home.is_dir() and any(home.iterdir()):
        raise UserError(f"The folder {home} is not empty.", "Choose a new name for the workspace.")
    scratch = home.with_name(f"{home.name}.{os.getpid()}.unpacking")
    try:
        with zipfile.ZipFile(archive) as source:
            members = _members(source, archive)
            _require_room(members, home.parent)
            make_folders(scratch)
            for member in members:
                _extract(source, member, scratch)
        Database(scratch / DATABASE, read_only=True).close()
        if home.is_dir():
            home.rmdir()
        scratch.rename(home)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise UserError(f"The archive {archive} cannot be unpacked: {error}.", _NEXT) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return home


def _snapshot(db: sqlite3.Connection, copy: Path) -> list[str]:
    """Copy the database as it is now, and return the paths of the files that it knows, from the workspace's folder."""
    with closing(sqlite3.connect(copy)) as target:
        db.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
        target.row_factory = sqlite3.Row
        files = [f"{folder}/{name}" for folder, names in recorded(target).items() for name in sorted(names)]
    for file in files:  # the database may come from anybody
        if not _belongs(file):
            raise UserError(f"The workspace names the file {file!r}, which no workspace has.", "Do not trust it.")
    return files


def _write(temporary: Path, database: Path, home: Path, files: Iterable[str]) -> None:
    with zipfile.ZipFile(temporary, "w", strict_timestamps=False) as archive:
        archive.write(database, DATABASE, compress_type=zipfile.ZIP_DEFLATED)
        for file in files:  # weights and compressed arrays do not get smaller
            archive.write(home / file, file, compress_type=zipfile.ZIP_STORED)


def _members(source: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    """Return the archive's members if each is a file that a workspace has, and no two are the same."""
    members = source.infolist()
    for member in members:
        if not _belongs(member.filename):
            raise UserError(f"The archive {archive} holds {member.filename!r}, which no workspace has.", _NEXT)
    names = [member.filename.casefold() for member in members]
    if len(set(names)) != len(names) or DATABASE not in names:
        raise UserError(f"The archive {archive} is no packed workspace.", _NEXT)
    return members


def _belongs(name: str) -> bool:
    folder, *parts = name.split("/")
    if not parts:
        return name == DATABASE
    deep = 2 if folder == CHECKPOINTS else 1  # a training keeps checkpoints in a folder of its own
    try:
        return folder in (ARRAYS, CHECKPOINTS) and len(parts) <= deep and all(bare(part) for part in parts)
    except ValueError:
        return False


def _require_room(members: Iterable[zipfile.ZipInfo], place: Path) -> None:
    while not place.exists():
        place = place.parent
    needed, free = sum(member.file_size for member in members), shutil.disk_usage(place).free
    if needed > free:
        raise UserError(
            f"The workspace needs {needed / 1e6:.0f} MB, and {place} has {free / 1e6:.0f} MB left.",
            "Free disk space, or choose another place.",
        )


def _extract(source: zipfile.ZipFile, member: zipfile.ZipInfo, home: Path) -> None:
    # Written by hand: whatever the archive says it is, it becomes a plain file of the stated size.
    target = home / member.filename
    target.parent.mkdir(exist_ok=True)
    with source.open(member) as stream, target.open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    sync(target)
