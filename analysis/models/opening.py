"""Opening a single file of tensors by what its first bytes say it is."""

from pathlib import Path

from ..errors import UserError
from .archive import Archive
from .exported_file import ExportedFile, is_exported
from .safetensors_file import SafetensorsFile
from .spans import AGAIN
from .subset import part
from .tensor_file import TensorFile
from .torch_file import CHECKPOINTS, TorchFile
from .torchscript_file import TorchScriptFile, is_program

_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
_POINTER = b"version https://git-lfs"
_OTHERS = {
    b"\x1f\x8b": ("is compressed with gzip", "Unpack it and open what it holds."),
    b"7z\xbc\xaf\x27\x1c": ("is a 7z archive", "Unpack it and open what it holds."),
    b"BZh": ("is compressed with bzip2", "Unpack it and open what it holds."),
    b"\xfd7zXZ": ("is compressed with xz", "Unpack it and open what it holds."),
    b"Rar!": ("is a RAR archive", "Unpack it and open what it holds."),
    b"GGUF": ("is a GGUF file, whose numbers are packed", "Open the checkpoint that it was made from."),
    b"\x89HDF": ("is an HDF5 file", "Save the network's weights as safetensors."),
    b"PK\x05\x06": ("is an empty zip file", AGAIN),
    _POINTER: ("is a Git LFS pointer, not the file itself", "Fetch it with 'git lfs pull'."),
}
_PAGES = (b"<!doctype", b"<html", b"<?xml")


def open_file(path: Path, weights: str | None = None, *, shard: bool = False) -> TensorFile:
    """Open one file of tensors; nothing in it is executed.

    Parameters
    ----------
    path : Path
        The file.
    weights : str or None
        Which of the networks in it; None for the usual one.
    shard : bool
        Whether it is one of several files, whose tensors are taken as they are.

    Raises
    ------
    UserError
        If there is no such file, or it is none of the known formats, damaged, or would run code.
    """
    start = _start(path)
    if not start:
        raise UserError(f"'{path.name}' is empty.", AGAIN)
    _check_start(path, start)
    archive = Archive(path) if start.startswith(_ZIP) else None
    if _is_saved(start, archive):
        return TorchFile(path, archive, weights, shard=shard)
    file = _plain(path, start, archive)
    return file if shard else part(file, weights, path)


def _start(path: Path) -> bytes:
    """Return the file's first bytes, which tell its format."""
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"'{path}' is no file.", "Name a checkpoint.")
        with path.open("rb") as stream:
            return stream.read(64)
    except FileNotFoundError as error:
        raise UserError(f"There is no file '{path}'.", "Check the path.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"'{path}' cannot be read: {reason}.", "Check the path and its permissions.") from error


def _check_start(path: Path, start: bytes) -> None:
    for mark, (problem, next_step) in _OTHERS.items():
        if start.startswith(mark):
            raise UserError(f"'{path.name}' {problem}.", next_step)
    if start.lstrip().lower().startswith(_PAGES):
        raise UserError(
            f"'{path.name}' is a web page, not the file itself.", "Sign in where it lies, and fetch it again."
        )


def _is_saved(start: bytes, archive: Archive | None) -> bool:
    """Tell a file of ``torch.save``; the length that a safetensors file begins with may look like a pickle."""
    if archive:
        return not is_exported(archive) and not is_program(archive)
    return start.startswith(_PICKLE) and start[4:9] != b"\0\0\0\0{"


def _plain(path: Path, start: bytes, archive: Archive | None) -> TensorFile:
    """Open a file whose tensors lie in one flat table."""
    if archive:
        return ExportedFile(archive) if is_exported(archive) else TorchScriptFile(archive)
    if start[8:9] == b"{" or path.suffix == ".safetensors":
        return SafetensorsFile(path)
    raise UserError(f"'{path.name}' is not a checkpoint of a known format.", CHECKPOINTS)
