"""What an interrupted pruning has done, block by block, on the disk."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ...atomic import replacing
from .. import DRAFT


class Drafts:
    """The weights of blocks that are done; of none where there is no folder for them."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def save(self, number: int, tensors: Mapping[str, Tensor]) -> None:
        """Keep a block's weights."""
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(self._path(number)) as draft:
                torch.save(dict(tensors), draft)

    def load(self, number: int) -> dict[str, Tensor] | None:
        """Return a block's weights; None where they are not there, or damaged."""
        if self._folder is None or not self._path(number).exists():
            return None
        try:
            tensors: dict[str, Tensor] = torch.load(self._path(number), map_location="cpu", weights_only=True)
        except Exception:  # noqa: BLE001 - damaged bytes raise anything
            return None
        return tensors

    def _path(self, number: int) -> Path:
        assert self._folder is not None, "there is a folder for them"
        return self._folder / f"block{number}{DRAFT}"
