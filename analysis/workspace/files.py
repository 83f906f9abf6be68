"""The folder on disk: what lies where."""

from pathlib import Path

from ..atomic import PARTIAL
from ..errors import UserError

DATABASE = "workspace.db"
LOCK = "workspace.lock"
ARRAYS = "arrays"
CHECKPOINTS = "checkpoints"
PROJECTION = ".projection.h5"
"""Ending of files in `ARRAYS` that no trial gave: what a view asked for, made again where it is missing."""

# What a creation that was killed may have left; such a folder may be created again.
_OWN = {f"{DATABASE}{PARTIAL}", f"{DATABASE}{PARTIAL}-journal", LOCK, ARRAYS, CHECKPOINTS}


def existing(path: Path) -> Path:
    """Return the absolute path of a workspace.

    Raises
    ------
    UserError
        If there is none.
    """
    home = path.absolute()
    if not home.is_dir():
        what = "is a file, not a workspace's folder" if home.exists() else "does not exist"
        raise UserError(f"{home} {what}.", "Name a workspace's folder, which usually ends in .graft.")
    if not (home / DATABASE).is_file():
        raise UserError(f"{home} is not a workspace: it holds no {DATABASE}.", "Choose another, or a new name.")
    return home


def vacant(path: Path) -> Path:
    """Return the absolute path of a folder where a workspace may be made.

    Raises
    ------
    UserError
        If something else is there.
    """
    home = path.absolute()
    if home.exists() and not home.is_dir():
        raise UserError(f"{home} is a file, so no workspace can be made there.", "Choose a new name.")
    if home.is_dir():
        found = {entry.name for entry in home.iterdir()}
        if DATABASE in found:
            raise UserError(f"{home} is a workspace already.", "Open it, or choose a new name.")
        if found - _OWN:
            raise UserError(f"The folder {home} is not empty.", "Choose a new name for the workspace.")
    return home


def make_folders(home: Path) -> None:
    """Make the folder and those in it.

    Raises
    ------
    UserError
        If the system refuses.
    """
    try:
        for folder in (home, home / ARRAYS, home / CHECKPOINTS):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The workspace {home} cannot be written: {error.strerror}.", "Choose a folder that you can write to."
        ) from error


def bare(name: str) -> str:
    """Return a file name that stays in its folder.

    Raises
    ------
    ValueError
        If it could lead elsewhere, or is hidden.
    """
    if not name or name.startswith(".") or any(c in '/\\:*?"<>|' or ord(c) < 32 for c in name):
        raise ValueError(f"{name!r} is not a bare file name")
    return name
