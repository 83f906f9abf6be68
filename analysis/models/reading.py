"""Opening a checkpoint of any known format."""

from pathlib import Path

from ..errors import UserError
from .checkpoint import Checkpoint, TensorFile
from .exported_file import DIRECTORY, ExportedFile
from .folder import described_beside, weights_in
from .safetensors_file import SafetensorsFile
from .sharded_file import ShardedFile
from .torch_file import TorchFile
from .torchscript_file import MARK, TorchScriptFile
from .zipped import ZipReader

_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
_POINTER = b"version https://git-lfs"
_INDEX = ".index.json"
_KNOWN = "Open a safetensors file, or a state_dict that torch.save wrote."


def open_checkpoint(path: Path, weights: str | None = None, network: str | None = None) -> Checkpoint:
    """Open a checkpoint; nothing in it is executed, and tensors are read when they are asked for.

    Parameters
    ----------
    path : Path
        A file, the index of a checkpoint in several files, or a folder as the Hugging Face libraries write it.
    weights : str or None
        Which set of weights, where it holds several; None for the one that was trained. ``metadata["weights"]`` lists
        them.
    network : str or None
        A person's own code that builds the network, which is run; None for a recognised one.

    Raises
    ------
    UserError
        If there is no such file, if it is damaged or of an unknown format, if it holds no tensors, or if reading it
        would run code.
    """
    first = weights_in(path) if _is_folder(path) else path
    file = _open(first, weights)
    if not file.specs:
        raise UserError(f"'{first.name}' holds no tensors.", _KNOWN)
    parts = [first.with_name(part) for part in file.parts] if isinstance(file, ShardedFile) else []
    return Checkpoint(path, file, (first, *parts), described_beside(first), weights, network)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError) as error:
        raise UserError(f"'{path}' cannot be read: {error}.", "Check the path and its permissions.") from error


def _start(path: Path) -> bytes:
    """Return the file's first bytes, which tell its format."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(_POINTER))
    except FileNotFoundError as error:
        raise UserError(f"There is no file '{path}'.", "Check the path.") from error
    except (OSError, ValueError) as error:
        raise UserError(f"'{path}' cannot be read: {error}.", "Check the path and its permissions.") from error


def _open(path: Path, weights: str | None = None) -> TensorFile:
    start = _start(path)
    if not start:
        raise UserError(f"'{path.name}' is empty.", "Copy or download it again.")
    if start == _POINTER:
        raise UserError(f"'{path.name}' is a Git LFS pointer, not the file itself.", "Fetch it with 'git lfs pull'.")
    if path.name.endswith(_INDEX):
        return ShardedFile(path, _open)
    if start.startswith(_ZIP):
        return _open_zip(path, weights)
    if start.startswith(_PICKLE):
        return TorchFile(path, zipped=False, weights=weights)
    if start[8:9] == b"{" or path.suffix == ".safetensors":
        return SafetensorsFile(path)
    raise UserError(f"'{path.name}' is not a checkpoint of a known format.", _KNOWN)


def _open_zip(path: Path, weights: str | None) -> TensorFile:
    entries = ZipReader(path)
    if entries.find(MARK):
        return TorchScriptFile(path)
    if entries.find(DIRECTORY):
        return ExportedFile(path)
    return TorchFile(path, zipped=True, weights=weights)
