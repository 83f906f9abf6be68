"""What files state of how a network's inputs were normalised."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.models.preparation import guess_preparation
from graftwork.analysis.models.stated import STATED, stated_normalisation

HALF = {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}
IMAGE = {"image_mean": HALF["mean"], "image_std": HALF["std"]}


@pytest.mark.parametrize(
    "metadata",
    [
        {"preprocessor": {"do_normalize": True, "do_rescale": True, "rescale_factor": 1 / 255, **IMAGE}},
        {"preprocessor": {"image_mean": [127.5] * 3, "image_std": [63.75] * 3, "do_rescale": False}},
        {"preprocessor": {"image_mean": [1.0], "image_std": [0.5], "rescale_factor": 2 / 255}},
        {"config": {"architecture": "resnet18", "pretrained_cfg": HALF}},
        {"config": {"architecture": "resnet18", "num_classes": 10, **HALF}},
        {"config": json.dumps({"default_cfg": HALF})},
        {"args": {"lr": 0.1, **HALF}},
        {"hyper_parameters": {"mean": 0.5, "std": 0.25}},
        {"pixel_mean": [127.5, 127.5, 127.5], "pixel_std": [63.75, 63.75, 63.75]},
        {"mean": "[0.5, 0.5, 0.5]", "std": "[0.25, 0.25, 0.25]"},
        {"graftwork": {STATED: {"source": "config.json of net", "mean": [0.5], "deviation": [0.25]}}},
    ],
)
def test_constants_are_read_in_units_of_white(metadata: dict[str, Any]) -> None:
    found = stated_normalisation(metadata, "net")
    assert found
    assert found.agrees((0.5,), (0.25,))
    assert not found.agrees((0.5,), (0.3,))
    assert found.source.endswith(" of net")


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"config": {"architecture": "resnet18"}},
        {"preprocessor": {"do_resize": True}},
        {"mean": [0.5], "std": [0.0]},
        {"mean": [0.5, "x"], "std": [0.5, 0.5]},
        {"mean": [0.0] * 20, "std": [1.0] * 20},
        {"args": {"mean": None, "std": None}},
    ],
)
def test_nothing_is_read_into_files_that_state_none(metadata: dict[str, Any]) -> None:
    assert stated_normalisation(metadata, "net") is None


def test_a_file_may_state_that_nothing_is_taken() -> None:
    found = stated_normalisation({"preprocessor": {"do_normalize": False, **IMAGE}}, "net")
    assert found
    assert found.is_none
    assert found.text == "no normalisation"


def test_what_lies_beside_the_weights_is_guessed_with_and_handed_on(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2, 2)}, tmp_path / "model.safetensors")
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(IMAGE))
    checkpoint = open_checkpoint(tmp_path)
    assert checkpoint.stated
    assert checkpoint.stated.source == f"preprocessor_config.json of {tmp_path.name}"
    assert stated_normalisation({"graftwork": checkpoint.inherited()}, "other") == checkpoint.stated
    (tmp_path / "preprocessor_config.json").write_text("[")
    assert open_checkpoint(tmp_path).stated is None


def test_a_guess_is_what_is_stated(tmp_path: Path) -> None:
    from .test_preparation import architecture

    stated = stated_normalisation({"mean": [0.5], "std": [0.25]}, "net")
    guess = guess_preparation(architecture((3, 224, 224)), tmp_path, stated)
    assert guess["normalise"] == [[0.5] * 3, [0.25] * 3]
    assert guess["because"] == "The metadata of net states mean 0.5 and deviation 0.25."
    assert guess["crop"] == 224
    other = stated_normalisation({"mean": [0.5] * 4, "std": [0.25] * 4}, "net")
    assert guess_preparation(architecture((3, 224, 224)), tmp_path, other)["normalise"] == "imagenet"
