"""Opening a checkpoint of any known format."""

from pathlib import Path

from ..errors import UserError
from .checkpoint import Checkpoint, TensorFile
from .safetensors_file import SafetensorsFile
from .torch_file import TorchFile

_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
_POINTER = b"version https://git-lfs"
_KNOWN = "Open a safetensors file, or a state_dict that torch.save wrote."


def open_checkpoint(path: Path) -> Checkpoint:
    """Open a checkpoint; nothing in it is executed, and tensors are read when they are asked for.

    Raises
    ------
    UserError
        If there is no such file, if it is damaged or of an unknown format, if it holds no tensors, or if reading it
        would run code.
    """
    file = _open(path, _start(path))
    if not file.specs:
        raise UserError(f"'{path.name}' holds no tensors.", _KNOWN)
    return Checkpoint(path, file)


def _start(path: Path) -> bytes:
    """Return the file's first bytes, which tell its format."""
    try:
        if path.is_dir():
            raise UserError(f"'{path}' is a folder.", "Name the checkpoint file in it.")
        with path.open("rb") as stream:
            return stream.read(len(_POINTER))
    except FileNotFoundError as error:
        raise UserError(f"There is no file '{path}'.", "Check the path.") from error
    except (OSError, ValueError) as error:
        raise UserError(f"'{path}' cannot be read: {error}.", "Check the path and its permissions.") from error


def _open(path: Path, start: bytes) -> TensorFile:
    if not start:
        raise UserError(f"'{path.name}' is empty.", "Copy or download it again.")
    if start == _POINTER:
        raise UserError(f"'{path.name}' is a Git LFS pointer, not the file itself.", "Fetch it with 'git lfs pull'.")
    if start.startswith(_ZIP):
        return TorchFile(path, zipped=True)
    if start.startswith(_PICKLE):
        return TorchFile(path, zipped=False)
    if start[8:9] == b"{" or path.suffix == ".safetensors":
        return SafetensorsFile(path)
    raise UserError(f"'{path.name}' is not a checkpoint of a known format.", _KNOWN)
