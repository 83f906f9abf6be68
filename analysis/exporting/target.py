"""Where an export goes: it is there whole, or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from ..atomic import PARTIAL, sync, sync_folder
from ..errors import UserError


def check_target(target: Path, *, overwrite: bool) -> None:
    """Demand a place that can be written to.

    Raises
    ------
    UserError
        If its folder is not there, or something else is there and may not go.
    """
    if not target.parent.is_dir():
        raise UserError(f"There is no folder '{target.parent}'.", "Make it first, or choose another place.")
    if target.is_symlink() or (target.exists() and not overwrite):
        raise UserError(f"'{target}' is there already.", "Choose another name, or --overwrite what is there.")


def draft_beside(target: Path) -> Path:
    """Return a new name beside a target, for what will take its place."""
    return target.with_name(f".{target.name}.{uuid4().hex}{PARTIAL}")


def discard(draft: Path) -> None:
    """Remove what is left of a draft, a file or a folder."""
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        draft.unlink(missing_ok=True)


@contextmanager
def taking_place(draft: Path, target: Path) -> Iterator[None]:
    """Let what is written to a draft, a file or a folder, take the target's place at once, or leave nothing.

    Raises
    ------
    UserError
        If something cannot be written; what was at the target is then as it was.
    """
    try:
        yield
        _settle(draft)
        _replace(draft, target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(
            f"'{target}' cannot be written: {reason}.", "Choose another place or free some space."
        ) from error
    finally:
        discard(draft)


def _settle(draft: Path) -> None:
    """Wait until all of it is on the disk."""
    for path in draft.rglob("*") if draft.is_dir() else (draft,):
        if path.is_file():
            sync(path)
    if draft.is_dir():
        sync_folder(draft)


def _replace(draft: Path, target: Path) -> None:
    """Give the draft its name; what was there goes once that is sure."""
    if not target.exists() or (target.is_file() and draft.is_file()):
        draft.replace(target)
    else:
        _exchange(draft, target)
    sync_folder(target.parent)


def _exchange(draft: Path, target: Path) -> None:
    """Put a folder in the place of something: no system call does both at once, so that the old one steps aside."""
    aside = draft_beside(target)
    target.rename(aside)
    try:
        draft.rename(target)
    except OSError:
        aside.rename(target)
        raise
    discard(aside)
