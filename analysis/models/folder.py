"""Model folders as transformers, timm and diffusers write them: weights, ``config.json``, tokenizer, card."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UserError
from .foreign import check_folder, check_parts
from .plain import plain
from .sharded_file import INDEX, is_index, read_json, series_of, stays

# Weights in the order of preference; each may be a file or, with the suffix of an index, several.
_WEIGHTS = ("model.safetensors", "diffusion_pytorch_model.safetensors", "pytorch_model.bin")
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json", "vocab.txt", "merges.txt")
_SUFFIXES = (".safetensors", ".pt", ".pth", ".pth.tar", ".bin", ".ckpt", ".th", ".pt2", ".pkl", ".pickle")
ADAPTER = "Merge it into that model first, and open the result."
# What transformers' Trainer keeps beside the weights.
_TRAINING = re.compile(r"(training_args|optimizer|scheduler|scaler|rng_state|random_states)(_\d+)?\.\w+")
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
    check_parts(folder)
    return _only(folder)


def beside(folder: Path) -> dict[str, Any]:
    """Return what a folder says of its model: configuration, library, inputs' preparation, training, tokenizer."""
    told: dict[str, Any] = {}
    config, preprocessor = (_config(folder / name) for name in ("config.json", "preprocessor_config.json"))
    told |= {"config": plain(config), "library": _library(config)} if config else {}
    told |= {"preprocessor": plain(preprocessor)} if preprocessor else {}
    state = _config(folder / "trainer_state.json")
    told |= {"trainer_state": plain({key: state.get(key) for key in ("global_step", "epoch")})} if state else {}
    tokenizer = [name for name in _TOKENIZER if (folder / name).is_file()]
    told |= {"tokenizer": tokenizer} if tokenizer else {}
    return {key: value for key, value in told.items() if value is not None}


def _config(file: Path) -> Mapping[str, Any]:
    try:
        return read_json(file, _CONFIG_LIMIT)
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
            ADAPTER,
        )


def _parts(folder: Path) -> str:
    parts = sorted(path.parent.name for path in folder.glob("*/config.json"))
    return ", ".join(parts) or "it has none with weights"


def _inside(folder: Path, path: Path) -> Path:
    if not stays(folder, path.name):
        raise UserError(f"'{path.name}' is a link that leaves its folder.", "Open the file that it points to.")
    return path


def _only(folder: Path) -> Path:
    """Return a folder's one checkpoint: a file, an index, or the first of parts that no index lists."""
    files = sorted(p for p in folder.iterdir() if p.name.endswith(_SUFFIXES) or is_index(p.name))
    own = [path for path in files if not _TRAINING.fullmatch(path.name)] or files
    indices = [path for path in own if is_index(path.name)]
    series = {} if indices else {series_of(path.name): path for path in reversed(own) if series_of(path.name)}
    found = [*indices, *(path for path in own if path not in indices and not series_of(path.name)), *series.values()]
    if len(found) == 1:
        return _inside(folder, found[0])
    if files:
        listed = ", ".join(path.name for path in found[:8])
        raise UserError(f"The folder '{folder}' holds several checkpoints: {listed}.", "Name one of them.")
    check_folder(folder)
    raise UserError(f"The folder '{folder}' holds no checkpoint.", "Name the checkpoint file, or its folder.")
