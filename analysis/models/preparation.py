"""What a network's inputs probably want: a guess from its family and the files beside it, shown before it is used."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..wording import counted
from .architecture import Architecture
from .stated import StatedNormalisation

_LARGE = 96  # pixels from which a network was trained on photographs, scaled and cropped
_SHARE = 256 / 224  # of the shorter side to the crop, in the recipes of the published networks


def guess_preparation(
    architecture: Architecture, beside: Path, stated: StatedNormalisation | None = None
) -> dict[str, Any]:
    """Return fields of a data set that suit a network, and under ``because`` a sentence that says why.

    Parameters
    ----------
    architecture : Architecture
        The recognised network.
    beside : Path
        The folder of its files.
    stated : StatedNormalisation or None
        What these say of how its inputs were normalised.
    """
    if architecture.inputs == "tokens":
        return _text(architecture, beside)
    if architecture.inputs == "numbers":
        return {"because": f"It takes rows of {architecture.input_shape[0]} numbers as they are."}
    return _images(architecture) | (_as_stated(architecture.input_shape[0], stated) if stated else {})


def _as_stated(channels: int, stated: StatedNormalisation) -> dict[str, Any]:
    constants = [list(part) * (channels // len(part)) for part in (stated.mean, stated.deviation)]
    if any(len(part) != channels for part in constants):
        return {}
    normalise = "none" if stated.is_none else constants
    return {"normalise": normalise, "because": f"The {stated.source} states {stated.text}."}


def _images(architecture: Architecture) -> dict[str, Any]:
    channels, side, _ = architecture.input_shape
    if channels != 3:
        return {"channels": channels, "because": f"It takes pictures of {counted(channels, 'channel')}."}
    if side < _LARGE:
        return {
            "resize": [side, side],
            "normalise": "cifar10",
            "because": f"Networks for {side} pixels are mostly trained on CIFAR, some with ImageNet's constants.",
        }
    return {
        "resize": round(side * _SHARE),
        "crop": side,
        "normalise": "imagenet",
        "because": f"Networks of this family are published for ImageNet, at {side} pixels.",
    }


def _text(architecture: Architecture, beside: Path) -> dict[str, Any]:
    fields: Mapping[str, Any] = {"length": min(architecture.input_shape[0], 512)}
    tokenizer = beside / "tokenizer.json"
    if tokenizer.is_file():
        return {**fields, "tokenizer": str(tokenizer), "because": "Its tokenizer lies beside it."}
    return {**fields, "because": f"It knows {architecture.vocabulary:,} tokens, and no tokenizer.json lies beside it."}
