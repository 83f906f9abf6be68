"""One of several networks that share a file, told apart by the prefixes of their tensors' names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from .architecture import TensorSpec
from .splitting import split
from .tensor_file import TensorFile
from .weight_sets import choose, told


def part(file: TensorFile, weights: str | None, path: Path) -> TensorFile:
    """Return the wanted network of a file, or the usual one; the file itself if it holds one alone.

    Raises
    ------
    UserError
        If there is none of that name, or several and none is the usual one.
    """
    sets = split({name: name for name in file.specs})
    if len(sets) == 1 and weights is None:
        return file
    chosen = choose(list(sets), weights, path)
    return _Part(file, sets[chosen], {**file.metadata, **told(list(sets), chosen)})


class _Part:
    """Some tensors of a file, under names of their own."""

    def __init__(self, file: TensorFile, names: Mapping[str, str], metadata: Mapping[str, Any]) -> None:
        self.format = file.format
        self.files = file.files
        self.metadata = metadata
        self._file = file
        self._names = names
        self.specs: Mapping[str, TensorSpec] = {own: file.specs[name] for own, name in names.items()}
        own = {name: called for called, name in names.items()}
        self.ties: Mapping[str, str] = {own[a]: own[b] for a, b in file.ties.items() if a in own and b in own}

    def tensor(self, name: str) -> Tensor:
        """Read one tensor."""
        return self._file.tensor(self._names[name])
