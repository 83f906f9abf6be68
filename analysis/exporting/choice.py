"""What a person may choose of an export."""

from pathlib import Path

from pydantic import Field

from ..errors import UserError
from ..frozen import Frozen

FOLDER = "a folder"
FORMATS = {
    ".safetensors": "the model with its structure and lineage; opens here as what it is",
    ".pth": "a plain state dict of PyTorch",
    ".pt": "a plain state dict of PyTorch",
    ".pt2": "an exported program, run by PyTorch alone",
    ".onnx": "a graph for other runtimes",
    FOLDER: "as transformers and timm publish models",
}
"""What each kind of target is, by its suffix."""


class Choice(Frozen):
    """How a model leaves.

    Attributes
    ----------
    dense : bool
        Factors are multiplied out, so that a layer is one again.
    dequantise : bool
        Packed codes are written as the numbers that they stand for.
    shard_size : int
        Bytes that a file of a folder may have, unless one tensor alone has more.
    overwrite : bool
        Whether what lies at the target may go.
    """

    dense: bool = False
    dequantise: bool = False
    shard_size: int = Field(default=5 * 10**9, ge=1)
    overwrite: bool = False


def format_of(target: Path) -> str:
    """Return the key in `FORMATS` of a target.

    Raises
    ------
    UserError
        If its suffix is that of no format.
    """
    suffix = target.suffix.lower()
    if suffix in FORMATS:
        return suffix
    if suffix and not target.is_dir() and suffix[1:].isalpha():
        known = ", ".join(name for name in FORMATS if name != FOLDER)
        raise UserError(f"Models are not exported as '{suffix}'.", f"Use {known}, or the name of a folder.")
    return FOLDER
