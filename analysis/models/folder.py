"""Model folders as transformers, timm and diffusers write them: weights, ``config.json``, tokenizer, card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UserError
from .plain import plain
from .sharded_file import INDEX, read_json, stays

# Weights in the order of preference; each may be a file or, with the suffix of an index, several.
_WEIGHTS = ("model.safetensors", "diffusion_pytorch_model.safetensors", "pytorch_model.bin")
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json", "vocab.txt", "merges.txt")
_FOREIGN = {"tf_model.h5": "TensorFlow", "flax_model.msgpack": "Flax", "rust_model.ot": "Rust"}
_SUFFIXES = {".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".th", ".pt2"}
_CONFIG_LIMIT = 10_000_000  # bytes


def weights_of(folder: Path) -> Path:
    """Return the file, or the index, of a folder's weights.

    Raises
    ------
    UserError
        If it has none, several to choose from, or is a pipeline or an adapter.
    """
    _check_kind(folder)
    for name in _WEIGHTS:
        for path in (folder / name, folder / (name + INDEX)):
            if path.is_file() or path.is_symlink():
                return _inside(folder, path)
    return _only(folder)


def beside(folder: Path) -> dict[str, Any]:
    """Return what a folder says of its model: the configuration, the library that wrote it, the tokenizer's files."""
    told: dict[str, Any] = {}
    config = _config(folder)
    told |= {"config": plain(config), "library": _library(config)} if config else {}
    tokenizer = [name for name in _TOKENIZER if (folder / name).is_file()]
    told |= {"tokenizer": tokenizer} if tokenizer else {}
    return {key: value for key, value in told.items() if value is not None}


def _config(folder: Path) -> Mapping[str, Any]:
    try:
        return read_json(folder / "config.json", _CONFIG_LIMIT)
    except UserError:  # another program's, or none: the tensors open without it
        return {}


def _library(config: Mapping[str, Any]) -> str | None:
    marks = {"architecture": "timm", "_class_name": "diffusers", "architectures": "transformers"}
    marks |= {"model_type": "transformers"}
    return next((library for mark, library in marks.items() if mark in config), None)


def _check_kind(folder: Path) -> None:
    if (folder / "model_index.json").is_file():
        raise UserError(
            f"'{folder.name}' is a pipeline of several networks.", f"Open one of its folders: {_parts(folder)}."
        )
    if (folder / "adapter_config.json").is_file():
        raise UserError(
            f"'{folder.name}' is an adapter, which changes another model.",
            "Merge it into that model first, and open the result.",
        )


def _parts(folder: Path) -> str:
    parts = sorted(path.parent.name for path in folder.glob("*/config.json"))
    return ", ".join(parts) or "it has none with weights"


def _inside(folder: Path, path: Path) -> Path:
    if not stays(folder, path.name):
        raise UserError(f"'{path.name}' is a link that leaves its folder.", "Open the file that it points to.")
    return path


def _only(folder: Path) -> Path:
    files = sorted(p for p in folder.iterdir() if p.suffix in _SUFFIXES or p.name.endswith(INDEX))
    if len(files) == 1:
        return _inside(folder, files[0])
    if files:
        listed = ", ".join(path.name for path in files[:8])
        raise UserError(f"The folder '{folder}' holds several checkpoints: {listed}.", "Name one of them.")
    foreign = next((kind for name, kind in _FOREIGN.items() if (folder / name).exists()), None)
    if foreign:
        raise UserError(f"'{folder.name}' has weights for {foreign} alone.", "Save the model for PyTorch first.")
    raise UserError(f"The folder '{folder}' holds no checkpoint.", "Name the checkpoint file, or its folder.")
