"""Every kind of network goes through the real task that plans a recipe, with data that it is measured on.

What families of ours, libraries and a person's own code build is planned, counted and estimated alike.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file, save_model

from graftwork.analysis import trust
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.trials import Estimate, Plan
from graftwork.analysis.worker.tasks import Desk, estimate_plan, plan_recipe
from graftwork.analysis.workspace import Workspace

from ..models.networks import FAMILIES, built, randomised
from ..models.publishers import library, quiet

RECIPE = """
[[model]]
name = "one"
path = "model"
{network}
[[data]]
name = "test"
path = "{data}"
[[step]]
method = "prune.magnitude"
of = ["one"]
[measure]
data = "test"
what = ["cost.nominal"]
layers = ["stages"]
"""
OWN = """
from torch import nn
def build():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
"""
TEXT = {"vocab_size": 40, "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 3, "intermediate_size": 8}


def planned(folder: Path, samples: Any, network: str = "") -> tuple[Plan, tuple[Estimate, ...]]:
    """Plan a recipe over the folder's model and these samples, and estimate the plan."""
    np.save(folder / "set.npy", samples)
    with Workspace.create(folder / "w.graft") as space:
        root = space.path
    recipe = RECIPE.format(network=network, data="set.npy")
    task = {"recipe": recipe, "folder": folder, "root": root, "memory": 1 << 40, "workers": 1}
    desk = Desk(torch.device("cpu"))
    plan = plan_recipe(desk, task, Quiet())
    return plan, estimate_plan(desk, {"plan": plan, "past": ()}, Quiet())


def check(folder: Path, samples: Any, network: str = "") -> None:
    """Demand that both trials are planned, and that a pass over the data was counted in memory and on the disk."""
    plan, guesses = planned(folder, samples, network)
    assert [trial.model.name for trial in plan.trials] == ["one", "one/magnitude"]
    for guess in guesses:
        assert guess.memory is not None
        assert guess.disk is not None
        assert guess.memory > samples[0].size * len(samples) * 4
    kept = guesses[0].disk
    assert kept is not None
    assert kept > 48 * len(samples)  # more than what is kept beside the layers


def random(example: tuple[int, ...], vocabulary: int) -> Any:
    generator = np.random.default_rng(0)
    if vocabulary:
        return generator.integers(1, vocabulary, example)
    return generator.random(example, np.float32)


@pytest.mark.heavy("every kind of network of a family, planned")
@pytest.mark.parametrize("family", FAMILIES)
def test_families(family: str, tmp_path: Path) -> None:
    row = FAMILIES[family]
    module: Any = built(family).module
    (tmp_path / "model").mkdir()
    if row.hugging_face:
        module.save_pretrained(tmp_path / "model")
    else:
        save_model(module, str(tmp_path / "model" / "model.safetensors"))
    check(tmp_path, random(row.example, row.vocabulary))


def timm(folder: Path) -> None:
    with quiet():
        module = randomised(library("timm").create_model("resnet10t", num_classes=5))
    save_file(module.state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"architecture": "resnet10t", "num_classes": 5}))


def transformers(folder: Path) -> None:
    parts = library("transformers")
    parts.ElectraForSequenceClassification(parts.ElectraConfig(**TEXT, num_labels=5)).save_pretrained(folder)


@pytest.mark.parametrize(("write", "example", "vocabulary"), [(timm, (3, 3, 64, 48), 0), (transformers, (3, 9), 40)])
def test_libraries(write: Callable[[Path], None], example: tuple[int, ...], vocabulary: int, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    write(tmp_path / "model")
    check(tmp_path, random(example, vocabulary))


def test_own_code(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(OWN)
    trust.trust(tmp_path / "net.py")
    (tmp_path / "model").mkdir()
    state = {"0.weight": torch.ones(4, 3, 3, 3), "0.bias": torch.ones(4)}
    state |= {"4.weight": torch.ones(5, 4), "4.bias": torch.ones(5)}
    save_file(state, tmp_path / "model" / "model.safetensors")
    check(tmp_path, random((2, 3, 16, 16), 0), 'network = "net.py:build"')
