"""Drafts: what an interrupted method goes on from, on the disk, whole or not at all."""

from pathlib import Path
from typing import Any

import torch

from ..atomic import replacing
from . import DRAFT


def save_draft(folder: Path | None, name: str, state: dict[str, Any]) -> None:
    """Write a draft over the one of its name before it; nothing where there is no folder for it."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / f"{name}{DRAFT}") as path:
            torch.save(state, path)


def load_draft(folder: Path | None, name: str) -> dict[str, Any] | None:
    """Return what was saved; None where there is nothing, or it is damaged."""
    if folder is None or not (folder / f"{name}{DRAFT}").exists():
        return None
    try:
        state: dict[str, Any] = torch.load(folder / f"{name}{DRAFT}", map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001 - damaged bytes raise anything
        return None
    return state
