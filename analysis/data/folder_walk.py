"""A folder's files and folders, those behind links among them."""

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import UserError
from .folder_tree import Tree, hidden

_Key = tuple[int, int]  # of a folder: its device and its number there


def walked(root: Path) -> Tree:
    """Return what lies below a folder, hidden things aside; linked folders are followed, unless they lead back.

    Raises
    ------
    UserError
        If something cannot be read, or a link leads nowhere.
    """
    try:
        found = [(path.relative_to(root).as_posix(), is_folder) for path, is_folder in _below(root, frozenset())]
    except OSError as error:
        raise UserError(f"'{error.filename}' cannot be read: {error.strerror}.", "Check its permissions.") from error
    files, folders = ([path for path, is_folder in found if is_folder == wanted] for wanted in (False, True))
    return Tree(str(root), files, folders)


def linked(root: Path, tree: Tree) -> list[Path]:
    """Return the folders of a folder's tree that are links."""
    return [root / folder for folder in sorted(tree.folders) if (root / folder).is_symlink()]


def _below(folder: Path, above: frozenset[_Key]) -> Iterator[tuple[Path, bool]]:
    """Give each path with whether it is a folder."""
    above |= {_key(folder.stat())}
    with os.scandir(folder) as entries:
        for entry in entries:
            if hidden(entry.name):
                continue
            _check_there(entry)
            path = Path(entry.path)
            if not entry.is_dir():
                yield path, False
            elif _key(entry.stat()) not in above:
                yield path, True
                yield from _below(path, above)


def _key(state: os.stat_result) -> _Key:
    return state.st_dev, state.st_ino


def _check_there(entry: os.DirEntry[str]) -> None:
    if entry.is_symlink() and not Path(entry.path).exists():
        raise UserError(f"'{entry.path}' is a link to nothing.", "Put back what it leads to, or take the link out.")
