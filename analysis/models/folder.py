"""Folders that a library saved a model in: which of their files holds the weights, and what the others say.

Folders as transformers, timm and diffusers write them: ``config.json`` beside ``model.safetensors``, its shards with an
index, or ``pytorch_model.bin``.
"""

import json
from pathlib import Path
from typing import Any

from ..errors import UserError
from .plain import plain

_WEIGHTS = (
    "model.safetensors.index.json",
    "model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
)
_ENDINGS = (".safetensors.index.json", ".bin.index.json", ".safetensors", ".bin", ".pt", ".pth", ".ckpt")
_CONFIG_LIMIT = 10_000_000  # bytes
_CHOOSE = "Name the checkpoint file in it."


def weights_in(folder: Path) -> Path:
    """Return the file, or the index, that holds a folder's weights.

    Raises
    ------
    UserError
        If the folder holds none, several, or an adapter without the network that it adapts.
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError as error:
        raise UserError(f"The folder '{folder}' cannot be read: {error.strerror}.", "Check its permissions.") from error
    known = next((name for name in _WEIGHTS if name in names), None)
    if known is not None:
        return folder / known
    if "adapter_config.json" in names:
        raise UserError(f"'{folder}' holds an adapter, not a network.", "Merge it into its base model, and open that.")
    return folder / _only(folder, names)


def _only(folder: Path, names: list[str]) -> str:
    for ending in _ENDINGS:
        found = [name for name in names if name.endswith(ending)]
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(found[:5]) + (" …" if len(found) > 5 else "")
            raise UserError(f"The folder '{folder}' holds several checkpoints: {listed}.", _CHOOSE)
    raise UserError(f"The folder '{folder}' holds no checkpoint.", _CHOOSE)


def described_beside(path: Path) -> dict[str, Any]:
    """Return what a ``config.json`` beside a checkpoint says, under ``config``; nothing where there is none."""
    file = path.with_name("config.json")
    try:
        if file.stat().st_size > _CONFIG_LIMIT:
            return {}
        config = plain(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return {}
    return {"config": config} if isinstance(config, dict) else {}
