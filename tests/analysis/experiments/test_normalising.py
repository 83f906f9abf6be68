"""Inputs that nothing normalises are remarked, and those that are, in whatever way, are not."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import save_file

from graftwork.analysis import trust
from graftwork.analysis.data import open_data
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.experiments.remarks import remarks_on
from graftwork.analysis.models import open_checkpoint
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.trials import DataSpec
from graftwork.analysis.workspace import Workspace
from tests.executing import carry_out

from .small_networks import perceptron

DRAWS = np.random.default_rng(0)
BYTES = DRAWS.integers(0, 256, (40, 3, 2, 2)).astype(np.uint8)
WHITE = BYTES.astype(np.float32) / 255
ROWS = DRAWS.normal(size=(60, 3)).astype(np.float32)
CODE = """
import torch
from torch import nn

class Normalize(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(0.5), persistent=False)

    def forward(self, x):
        return (x - self.mean) / 0.25

class Net(nn.Module):
    input_shape = (3, 2, 2)

    def __init__(self, first):
        super().__init__()
        self.first, self.net = first, nn.Linear(12, 2)

    def forward(self, x):
        return self.net(self.first(x).flatten(1))

def plain(): return Net(nn.Identity())
def layer(): return Net(Normalize())
def norm(): return Net(nn.BatchNorm2d(3))
def bare_norm(): return Net(nn.InstanceNorm2d(3))

class Inline(Net):
    def forward(self, x):
        return super().forward(2 * x - 1)

def inline(): return Inline(nn.Identity())
"""


def said(folder: Path, values: np.ndarray, network: str | None = None, **fields: Any) -> list[str]:
    """Return what is remarked of how samples are normalised, for a perceptron or for a network of one's own."""
    np.save(folder / "set.npy", values)
    spec = DataSpec(name="set", path=str(folder / "set.npy"), content="-", **fields)
    path = folder / "net.safetensors"
    if network:
        (folder / "own.py").write_text(CODE)
        trust.trust(folder / "own.py")
        namespace: dict[str, Any] = {}
        exec(CODE, namespace)
        save_file(namespace[network]().state_dict(), path)
        network = f"{folder / 'own.py'}:{network}"
    elif not path.exists():
        save_file(perceptron(int(np.prod(values.shape[1:]))), path)
    with open_data(spec) as data:
        remarks = remarks_on("net", open_checkpoint(path, network=network), spec, data)
    return [remark for remark in remarks if "normali" in remark]


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        (BYTES, "from 0 to 1"),
        (WHITE, "from 0 to 1"),
        (WHITE * 255, "from 0 to 255"),
        (WHITE * 80 - 80, "from -80 to 0"),
    ],
)
def test_images_that_nothing_normalises_are_told(values: np.ndarray, ends: str, tmp_path: Path) -> None:
    (found,) = said(tmp_path, values)
    assert found.startswith("Nothing normalises the images of set: ")
    assert ends in found
    assert 'normalise = "imagenet"' in found


@pytest.mark.parametrize("values", [2 * WHITE - 1, (WHITE - WHITE.mean()) / WHITE.std(), (WHITE - 0.45) / 0.225])
def test_nothing_is_said_of_images_that_were_saved_normalised(values: np.ndarray, tmp_path: Path) -> None:
    assert said(tmp_path, values) == []


def test_nothing_is_said_of_images_that_the_setting_normalises(tmp_path: Path) -> None:
    assert said(tmp_path, BYTES, normalise="cifar10") == []


@pytest.mark.parametrize(
    ("network", "count"), [("plain", 1), ("layer", 0), ("norm", 0), ("bare_norm", 0), ("inline", 0)]
)
def test_a_network_that_normalises_its_inputs_itself_is_known(network: str, count: int, tmp_path: Path) -> None:
    assert len(said(tmp_path, WHITE, network)) == count


@pytest.mark.parametrize(
    ("values", "uneven"),
    [
        (ROWS, None),
        (ROWS * 1.5 + 0.3, None),
        ((ROWS > 0).astype(np.float32), None),
        (np.tanh(ROWS), None),
        (ROWS * [1, 1, 900], "1 of 3 columns"),
        (ROWS + 40, "3 of 3 columns"),
        (BYTES.reshape(40, 12), "12 of 12 columns"),
    ],
)
def test_columns_of_other_scales_are_counted(values: np.ndarray, uneven: str | None, tmp_path: Path) -> None:
    found = said(tmp_path, np.asarray(values, np.float32))
    assert len(found) == (uneven is not None)
    assert all(f"{uneven} are not around 0" in remark for remark in found)


STATES = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


@pytest.mark.parametrize(
    ("stated", "fields", "part"),
    [
        (
            STATES,
            {},
            "states mean 0.485, 0.456, 0.406 and deviation 0.229, 0.224, 0.225, and the images of set are taken",
        ),
        (STATES, {"normalise": "imagenet"}, None),
        (STATES, {"normalise": "cifar10"}, "are normalised by mean 0.4914, 0.4822, 0.4465"),
        ({"do_normalize": False}, {}, None),
        ({"do_normalize": False}, {"normalise": "imagenet"}, 'write normalise = "none" below'),
    ],
)
def test_what_the_files_state_is_held_against_what_is_taken(
    stated: dict[str, Any], fields: dict[str, Any], part: str | None, tmp_path: Path
) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(stated))
    found = said(tmp_path, BYTES, **fields)
    assert len(found) == (part is not None)
    assert all(remark.startswith("The preprocessor_config.json of net.safetensors states") for remark in found)
    assert all(str(part) in remark for remark in found)


RECIPE = """
[[model]]
name = "net"
path = "net.safetensors"
[[data]]
name = "set"
path = "set.npz"
{more}
[[step]]
method = "prune.magnitude"
of = ["net"]
amount = 0.5
[measure]
data = "set"
what = ["accuracy", "cost.nominal"]
"""


def test_it_stands_in_the_plan_and_beside_the_values_on_that_data_set_alone(tmp_path: Path) -> None:
    save_file(perceptron(12), tmp_path / "net.safetensors")
    np.savez(tmp_path / "set.npz", images=BYTES, labels=np.arange(40) % 2)
    with Workspace.create(tmp_path / "w.graft") as space:
        for more in ('normalise = "cifar10"', ""):
            carry_out(space, RECIPE.format(more=more), tmp_path)
        found = {(v.data, v.measure, any("normalises" in remark for remark in v.remarks)) for v in space.values()}
        assert {("set", "accuracy", False), ("set #2", "accuracy", True)} <= found
        assert (None, "cost.nominal.parameters", False) in found
        remarks = space.models()[0].facts["remarks"]
    assert any(remark.startswith("net on set #2: Nothing normalises the images of set") for remark in remarks)
    planned = plan(anchored(parse_recipe(RECIPE.format(more="")), tmp_path))
    assert sum("normalises" in remark for remark in planned.remarks) == 1
