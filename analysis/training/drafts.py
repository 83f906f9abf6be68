"""Drafts: training that was interrupted, on the disk, whole or not at all."""

import time
from pathlib import Path
from typing import Any

import torch

from ..atomic import replacing
from ..methods import DRAFT

_INTERVAL = 20.0  # seconds between two drafts, and so the most that a kill loses


class Draft:
    """The draft of one training; of none where there is no folder for it."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / f"training{DRAFT}" if folder else None
        self._last = time.monotonic()

    def due(self) -> bool:
        """Return whether it is time to save."""
        return time.monotonic() - self._last >= _INTERVAL

    def save(self, state: dict[str, Any]) -> None:
        """Write what training goes on from, over the draft before it."""
        self._last = time.monotonic()
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._path) as path:
                torch.save(state, path)

    def load(self) -> dict[str, Any] | None:
        """Return what an interrupted training left; None where there is nothing, or it is damaged."""
        if self._path is None or not self._path.exists():
            return None
        try:
            state: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
        except Exception:  # noqa: BLE001 - damaged bytes raise anything
            return None
        return state
