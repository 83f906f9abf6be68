"""Guesses of what a network wants, each with its reason."""

from pathlib import Path

import pytest

from graftwork.analysis.models import Architecture
from graftwork.analysis.models.preparation import guess_preparation
from graftwork.analysis.trials import DataSpec


def architecture(shape: tuple[int, ...], inputs: str = "images") -> Architecture:
    return Architecture("x", "X", {}, 10, shape, "head", (), inputs, vocabulary=99)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "inputs", "fields"),
    [
        ((3, 224, 224), "images", {"resize": 256, "crop": 224, "normalise": "imagenet"}),
        ((3, 288, 288), "images", {"resize": 329, "crop": 288, "normalise": "imagenet"}),
        ((3, 32, 32), "images", {"resize": [32, 32], "normalise": "cifar10"}),
        ((1, 28, 28), "images", {"channels": 1}),
        ((1024,), "tokens", {"length": 512}),
        ((64,), "numbers", {}),
    ],
)
def test_guesses(shape: tuple[int, ...], inputs: str, fields: dict[str, object], tmp_path: Path) -> None:
    guess = guess_preparation(architecture(shape, inputs), tmp_path)
    assert guess.pop("because").endswith(".")
    assert guess == fields
    DataSpec(name="set", path="x", content="-", **guess)  # a data set takes them


def test_a_tokenizer_beside_the_network_is_taken(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    guess = guess_preparation(architecture((128,), "tokens"), tmp_path)
    assert guess["tokenizer"] == str(tmp_path / "tokenizer.json")
