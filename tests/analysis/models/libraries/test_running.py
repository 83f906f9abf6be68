"""A library's network is pruned and measured like any other, and its children open as it did."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from graftwork.analysis.models import Architecture, Checkpoint, open_checkpoint
from graftwork.analysis.workspace import Workspace
from tests.executing import carry_out

from ..networks import randomised

MODEL = """
[[model]]
name = "one"
path = "model"
"""
STEP = """
[[step]]
method = "prune.magnitude"
of = ["one"]
amount = 0.5
"""
MEASURE = """
[[data]]
name = "test"
path = "digits"
limit = 20
[measure]
data = "test"
what = ["accuracy", "cost.nominal"]
"""
TEXT = {"vocab_size": 40, "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 3, "num_labels": 3}


def run(recipe: str, folder: Path) -> tuple[Checkpoint, dict[tuple[str, str], float]]:
    """Return the one child of a recipe, opened, and what was measured of whom."""
    with Workspace.create(folder / "w.graft") as space:
        carry_out(space, recipe, folder)
        values = {(value.model, value.measure): value.value for value in space.values()}
        (child,) = (space.path / "checkpoints").iterdir()
    return open_checkpoint(child), values


def known(checkpoint: Checkpoint) -> Architecture:
    assert checkpoint.architecture is not None, checkpoint.reason
    return checkpoint.architecture


@pytest.mark.parametrize(
    ("config", "network"),
    [({"architecture": "resnet10t", "num_classes": 10}, ""), ({}, 'network = "timm:resnet10t"')],
)
def test_timms_are_pruned_and_measured(timm: Any, config: dict[str, Any], network: str, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    state = randomised(timm.create_model("resnet10t", num_classes=10, in_chans=1)).state_dict()
    save_file(state, tmp_path / "model" / "model.safetensors")
    (tmp_path / "model" / "config.json").write_text(json.dumps(config))
    child, values = run(MODEL + network + STEP + MEASURE, tmp_path)
    pruned, dense = (values[model, "cost.nominal.nonzeros"] for model in ("one/magnitude", "one"))
    assert 0 < pruned < 0.6 * dense
    assert ("one/magnitude", "accuracy") in values
    assert known(child).title == "resnet10t"
    assert (child.network().get_parameter("layer1.0.conv1.weight") == 0).float().mean() > 0.1


def test_transformers_keep_their_settings(transformers: Any, tmp_path: Path) -> None:
    network = randomised(transformers.ElectraForSequenceClassification(transformers.ElectraConfig(**TEXT)))
    network.save_pretrained(tmp_path / "model")
    child, _ = run(MODEL + STEP, tmp_path)
    assert known(child).title == "ElectraForSequenceClassification"
    assert child.network()(torch.ones(1, 4, dtype=torch.long)).shape == (1, 3)


def test_families_of_ours_keep_the_settings_that_shapes_do_not_show(transformers: Any, tmp_path: Path) -> None:
    randomised(transformers.BertModel(transformers.BertConfig(**TEXT))).save_pretrained(tmp_path / "model")
    child, _ = run(MODEL + STEP, tmp_path)
    assert (known(child).family, known(child).config["head_dim"]) == ("bert", 8)
