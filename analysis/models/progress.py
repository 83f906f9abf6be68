"""How far a network had been trained when its file was written, as its files state it."""

import json
import math
from collections.abc import Mapping
from typing import Any

from .told import tellers

_NAMES: Mapping[str, tuple[str, ...]] = {
    "step": ("step", "global_step", "steps", "iteration", "iterations", "iter"),
    "epoch": ("epoch", "epochs", "current_epoch"),
}


def stated_progress(metadata: Mapping[str, Any]) -> dict[str, float]:
    """Return ``step`` and ``epoch`` as far as a checkpoint's files state them, never by what a file is called.

    They state it as PyTorch Lightning, timm and plain loops write it beside the weights, or in the
    ``trainer_state.json`` of transformers' Trainer.
    """
    state = metadata.get("trainer_state")
    sources = [*tellers(metadata), *([state] if isinstance(state, Mapping) else [])]
    found = {
        what: [number for source in sources for name in names if (number := _number(source.get(name))) is not None]
        for what, names in _NAMES.items()
    }
    return {what: numbers[0] for what, numbers in found.items() if numbers}


def _number(value: Any) -> float | None:
    """Return a number from 0 on, which some formats keep as text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    fits = type(value) in (int, float) and math.isfinite(value) and value >= 0
    return value if fits else None
