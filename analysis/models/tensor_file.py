"""Files of tensors, whatever their format."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from .architecture import TensorSpec


class TensorFile(Protocol):
    """A file of tensors under the names that the file gives them.

    Attributes
    ----------
    format : str
        The format in a few words.
    specs : mapping of str to TensorSpec
        Every tensor, in the file's order.
    metadata : mapping of str to Any
        What else the file says; JSON values.
    files : tuple of Path
        What it is read from, an index first.
    ties : mapping of str to str
        Of tensors that are others under a second name, the name of the other.
    """

    format: str
    files: tuple[Path, ...]
    specs: Mapping[str, TensorSpec]
    metadata: Mapping[str, Any]
    ties: Mapping[str, str]

    def tensor(self, name: str) -> Tensor:
        """Read one tensor into memory of its own."""
        ...
