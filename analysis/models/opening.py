"""Opening a single file of tensors by what its first bytes say it is."""

from pathlib import Path

from ..errors import UserError
from .archive import Archive
from .exported_file import ExportedFile, is_exported
from .foreign import START, check_file, check_unknown
from .refusals import CHECKPOINTS
from .safetensors_file import SafetensorsFile
from .spans import AGAIN
from .subset import part
from .tensor_file import TensorFile
from .torch_file import TorchFile
from .torchscript_file import TorchScriptFile, is_program

_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
_PICKLES = {".pkl", ".pickle"}


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
    if not _is_safetensors(start):
        check_file(path, start)
    archive = Archive(path) if start.startswith(_ZIP) else None
    if archive and "data.pkl" not in archive:
        check_unknown(path, start)
    if _is_saved(path, start, archive):
        return TorchFile(path, archive, weights, shard=shard)
    file = _plain(path, start, archive)
    return file if shard else part(file, weights, path)


def _start(path: Path) -> bytes:
    """Return the file's first bytes, which tell its format."""
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"'{path}' is no file.", "Name a checkpoint.")
        with path.open("rb") as stream:
            return stream.read(START)
    except FileNotFoundError as error:
        raise UserError(f"There is no file '{path}'.", "Check the path.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"'{path}' cannot be read: {reason}.", "Check the path and its permissions.") from error


def _is_safetensors(start: bytes) -> bool:
    """Tell a safetensors file, whose first bytes, a length, may look like anything."""
    return start[4:9] == b"\0\0\0\0{"


def _is_saved(path: Path, start: bytes, archive: Archive | None) -> bool:
    """Tell a file of ``torch.save``, or another pickle."""
    if archive:
        return not is_exported(archive) and not is_program(archive)
    return not _is_safetensors(start) and (start.startswith(_PICKLE) or path.suffix in _PICKLES)


def _plain(path: Path, start: bytes, archive: Archive | None) -> TensorFile:
    """Open a file whose tensors lie in one flat table."""
    if archive:
        return ExportedFile(archive) if is_exported(archive) else TorchScriptFile(archive)
    if start[8:9] == b"{" or path.suffix == ".safetensors":
        return SafetensorsFile(path)
    check_unknown(path, start)
    raise UserError(f"'{path.name}' is not a checkpoint of a known format.", CHECKPOINTS)
