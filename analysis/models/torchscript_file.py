"""TorchScript archives: their weights, without their program.

The archive's ``data.pkl`` holds the module as nested objects with tensors among their attributes, and frozen modules
keep theirs in ``constants.pkl``. The code beside them is not read. Source: ``torch/csrc/jit/serialization``.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from torch import Tensor

from ..errors import UserError
from .architecture import TensorSpec
from .archive import Archive
from .pickle_objects import Record
from .records import Leaf
from .spans import AGAIN, Places
from .stored import shared
from .torch_file import check_order, read_leaf, readable, understood, zip_places
from .torch_pickles import PROGRAM

_DEPTH = 64  # modules within modules
_PARTS = 300_000  # attributes; programs whose modules share modules could have more than any memory holds


class TorchScriptFile:
    """An open TorchScript archive; tensors have the names of the module's attributes.

    A tensor attribute counts whether or not it is a parameter: the archive tells them apart in its code alone.

    Raises
    ------
    UserError
        If the archive is damaged, names anything but its own classes, or holds no tensors that can be read.
    """

    format = "TorchScript"

    def __init__(self, archive: Archive) -> None:
        check_order(archive)
        self.files: tuple[Path, ...] = (archive.path,)
        self._places, tensors = _tensors(archive, "data")
        if not tensors:
            self._places, tensors = _tensors(archive, "constants")
        self._tensors = readable(archive.path, tensors, self._places)
        self.metadata: Mapping[str, Any] = {"program": "TorchScript; its code is not run"}
        self.specs: Mapping[str, TensorSpec] = {name: tensor.spec for name, tensor in self._tensors.items()}
        self.ties: Mapping[str, str] = shared(self._tensors)

    def tensor(self, name: str) -> Tensor:
        """Read one tensor."""
        return read_leaf(self._tensors[name], self._places)


def is_program(archive: Archive) -> bool:
    """Tell whether an archive is a TorchScript program."""
    return "constants.pkl" in archive


def _tensors(archive: Archive, part: str) -> tuple[Places, dict[str, Leaf]]:
    content = understood(archive.path, archive.read(f"{part}.pkl"), PROGRAM)
    try:
        named = dict(_attributes(content, "" if part == "data" else part, count(), 0))
    except RecursionError as error:
        raise UserError(f"'{archive.path.name}' is a program whose modules hold each other.", AGAIN) from error
    return zip_places(archive, f"{part}/"), named


def _attributes(value: Any, name: str, counter: "Iterator[int]", depth: int) -> Iterator[tuple[str, Leaf]]:
    """Give every tensor of an object's attributes, and of theirs, by its dotted name."""
    if depth > _DEPTH or next(counter) > _PARTS:
        raise RecursionError
    if isinstance(value, Leaf):
        yield name, value
    for key, item in _items(value):
        yield from _attributes(item, f"{name}.{key}" if name else str(key), counter, depth + 1)


def _items(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Record):
        yield from _items(value.state)
    elif isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
