"""What a block is given, batch by batch: in the host's memory, and on the disk beyond a budget."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from .watching import first_tensor

_SPARED = 8 << 30  # bytes of the disk that stay free


class NoRoomError(Exception):
    """The disk has no room for what a block is given."""


@dataclass(frozen=True)
class Given:
    """One call of a block.

    Attributes
    ----------
    args, kwargs
        What it was called with.
    real : Tensor of bool or None
        As of `Batch`.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    real: Tensor | None

    def on(self, device: torch.device) -> "Given":
        """Return a copy of it on a device: a block may change in place what it is given."""
        args, kwargs, real = moved((self.args, self.kwargs, self.real), lambda tensor: tensor.to(device, copy=True))
        return Given(args, kwargs, real)

    @property
    def taken(self) -> Tensor:
        """What the block works on: the first tensor."""
        return first_tensor((*self.args, *self.kwargs.values()))

    def instead(self, tensor: Tensor) -> "Given":
        """Return the same call of the block after it, which is given that tensor in place of the one here."""
        args, kwargs = moved((self.args, self.kwargs), lambda held: tensor if held is self.taken else held)
        return Given(args, kwargs, self.real)

    @property
    def bytes(self) -> int:
        """What its tensors take."""
        sizes: list[int] = []
        moved((self.args, self.kwargs, self.real), lambda tensor: sizes.append(tensor.nbytes))
        return sum(sizes)


class Batches:
    """Calls that are kept until they have been run; each is given back once."""

    def __init__(self, budget: int) -> None:
        self._left = budget
        self._held: list[Given | Path] = []
        self._folder: TemporaryDirectory[str] | None = None

    def add(self, given: Given) -> None:
        """Keep a call.

        Raises
        ------
        NoRoomError
            If it would have to go to the disk, and that has no room.
        """
        host = given.on(torch.device("cpu"))
        if host.bytes <= self._left:
            self._left -= host.bytes
            self._held.append(host)
        else:
            self._held.append(self._written(host))

    def __iter__(self) -> Iterator[Given]:
        """Give every call; they stay."""
        for held in self._held:
            yield held if isinstance(held, Given) else Given(*torch.load(held, weights_only=True))

    def close(self) -> None:
        """Forget all."""
        self._held.clear()
        if self._folder:
            self._folder.cleanup()

    def _written(self, given: Given) -> Path:
        self._folder = self._folder or TemporaryDirectory(prefix="graftwork")
        if given.bytes > disk_usage(self._folder.name).free - _SPARED:
            self.close()
            raise NoRoomError
        path = Path(self._folder.name) / f"{len(self._held)}.pt"
        torch.save((given.args, given.kwargs, given.real), path)
        return path


def moved(value: Any, move: Callable[[Tensor], Any]) -> Any:
    """Return what a call has, with every tensor moved."""
    if isinstance(value, Tensor):
        return move(value)
    if isinstance(value, tuple):
        return tuple(moved(item, move) for item in value)
    if isinstance(value, list):
        return [moved(item, move) for item in value]
    if isinstance(value, dict):
        return {key: moved(item, move) for key, item in value.items()}
    return value
