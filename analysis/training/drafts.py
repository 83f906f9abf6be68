"""When a training is saved, and where."""

import time
from pathlib import Path
from typing import Any

from ..methods.drafts import load_draft, save_draft

_NAME = "training"
_INTERVAL = 20.0  # seconds between two drafts, and so the most that a kill loses


class Draft:
    """The draft of one training; of none where there is no folder for it."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._last = time.monotonic()

    def due(self) -> bool:
        """Return whether it is time to save."""
        return time.monotonic() - self._last >= _INTERVAL

    def save(self, state: dict[str, Any]) -> None:
        """Write what training goes on from, over the draft before it."""
        self._last = time.monotonic()
        save_draft(self._folder, _NAME, state)

    def load(self) -> dict[str, Any] | None:
        """Return what an interrupted training left; None where there is nothing, or it is damaged."""
        return load_draft(self._folder, _NAME)
