"""What a path is that a person opens: a workspace, checkpoints, a recipe, or a data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..analysis.errors import UserError
from .importing import checkpoints_in, is_checkpoint

Kind = Literal["workspace", "checkpoints", "recipe", "data"]

DATA_SUFFIXES = frozenset(
    {".zip", ".npz", ".npy", ".h5", ".hdf5", ".csv", ".tsv", ".parquet", ".txt", ".jsonl", ".ndjson", ".arrow"}
)
_WORKSPACE, _DATABASE = ".graft", "workspace.db"


@dataclass(frozen=True)
class Opening:
    """What is to be opened: paths of one kind."""

    kind: Kind
    paths: tuple[Path, ...]

    def workspace(self, folder: Path) -> Path:
        """Return the workspace to open it in where none is open: itself, or one of its name in a folder."""
        first = self.paths[0]
        return first if self.kind == "workspace" else folder / f"{first.absolute().name.split('.')[0]}{_WORKSPACE}"


def opening(paths: Sequence[Path]) -> Opening:
    """Return what these paths are.

    Raises
    ------
    UserError
        If one is nothing that can be opened or read, or they are of several kinds.
    """
    try:
        kinds = {kind_of(path) for path in paths}
    except OSError as error:
        raise UserError(f"'{error.filename}' cannot be read: {error.strerror}.", "Check its permissions.") from error
    if len(kinds) > 1:
        raise UserError("These are of several kinds.", "Open checkpoints, a recipe, data and a workspace one by one.")
    kind = kinds.pop()
    if kind != "checkpoints" and len(paths) > 1:
        raise UserError(f"Only one {_NAMES[kind]} can be opened at a time.", "Name one.")
    return Opening(kind, tuple(paths))


def kind_of(path: Path) -> Kind:
    """Return what a path is; one that is not there is a workspace to be made, unless its ending is another kind's.

    Raises
    ------
    UserError
        If it cannot be opened.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        return _kind_of_folder(path)
    if not path.exists():
        if suffix in ("", _WORKSPACE):
            return "workspace"
        raise UserError(f"There is no file '{path}'.", "Check the path.")
    if is_checkpoint(path):
        return "checkpoints"
    if suffix == ".toml":
        return "recipe"
    if suffix in DATA_SUFFIXES:
        return "data"
    raise UserError(f"'{path.name}' cannot be opened.", "Name a workspace, checkpoint, recipe or data set.")


def _kind_of_folder(folder: Path) -> Kind:
    if (folder / _DATABASE).is_file() or folder.suffix == _WORKSPACE or not any(folder.iterdir()):
        return "workspace"
    if checkpoints_in(folder):
        return "checkpoints"
    if any(entry.is_dir() for entry in folder.iterdir()):
        return "data"  # class folders
    raise UserError(f"There is no checkpoint in '{folder}'.", "Name a workspace, or a folder of checkpoints or images.")


_NAMES = {"workspace": "workspace", "recipe": "recipe", "data": "data set"}
