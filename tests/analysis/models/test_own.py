"""A person's own network: trusted by its content, built by a worker, run like any other."""

import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch

from graftwork.analysis import trust
from graftwork.analysis.errors import UserError
from graftwork.analysis.experiments.planning import plan
from graftwork.analysis.models import open_checkpoint, write_checkpoint
from graftwork.analysis.own_code import code_of
from graftwork.analysis.recipe import anchored, parse_recipe
from graftwork.analysis.workspace import Workspace
from tests.executing import carry_out

CODE = """
from pathlib import Path
from torch import nn
Path(__file__).with_name("ran").touch()
class Net(nn.Module):
    input_shape = (1, 8, 8)
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
        self.odd_name = nn.Linear(4, 10)
    def forward(self, x):
        return self.odd_name(self.body(x).mean((2, 3)))
def make():
    return Net()
def broken():
    raise ValueError("no luck")
def other():
    return 3
"""
RECIPE = """
[[model]]
name = "mine"
path = "mine.pt"
network = "net.py:make"
[[data]]
name = "test"
path = "digits"
limit = 40
[[step]]
method = "prune.magnitude"
of = ["mine"]
amount = 0.5
[measure]
data = "test"
what = ["accuracy", "cost.nominal", "geometry.margins"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(CODE)
    torch.manual_seed(0)
    state = {"body.0.weight": torch.randn(4, 1, 3, 3), "body.0.bias": torch.randn(4)}
    state |= {"odd_name.weight": torch.randn(10, 4), "odd_name.bias": torch.randn(10)}
    torch.save(state, tmp_path / "mine.pt")
    return tmp_path


def test_nothing_runs_before_it_is_trusted(folder: Path) -> None:
    file = folder / "net.py"
    with pytest.raises(UserError) as refused:
        plan(anchored(parse_recipe(RECIPE), folder))
    assert str(file) in refused.value.problem
    assert sha256(file.read_bytes()).hexdigest() in refused.value.problem
    with pytest.raises(UserError, match="has not been trusted"):
        open_checkpoint(folder / "mine.pt", network=f"{file}:make")
    assert not (folder / "ran").exists()
    trust.trust(file)
    assert open_checkpoint(folder / "mine.pt", network=f"{file}:make").architecture is not None
    file.write_text(CODE + "\n# changed")
    with pytest.raises(UserError, match="has not been trusted"):
        plan(anchored(parse_recipe(RECIPE), folder))


def test_it_is_pruned_and_measured_like_any_other(folder: Path) -> None:
    trust.trust(folder / "net.py")
    with Workspace.create(folder / "w.graft") as space:
        carry_out(space, RECIPE, folder)
        values = {(v.model, v.measure): v.value for v in space.values()}
    assert values["mine", "cost.nominal.nonzeros"] == 36 + 4 + 40 + 10
    assert values["mine/magnitude", "cost.nominal.nonzeros"] == 38 + 4 + 10
    assert values["mine", "cost.nominal.macs"] == 36 * 36 + 40
    assert ("mine/magnitude", "geometry.margins.margin") in values


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("broken", "failed: ValueError: no luck"),
        ("other", "gives a int, not a torch.nn.Module"),
        ("gone", "has no function or class 'gone'"),
    ],
)
def test_code_that_fails_is_said(name: str, said: str, folder: Path) -> None:
    trust.trust(folder / "net.py")
    with pytest.raises(UserError, match=said):
        open_checkpoint(folder / "mine.pt", network=f"{folder / 'net.py'}:{name}")


def test_other_weights_are_refused_by_name(folder: Path) -> None:
    trust.trust(folder / "net.py")
    torch.save({"body.0.weight": torch.ones(5, 1, 3, 3), "body.0.bias": torch.ones(4)}, folder / "mine.pt")
    with pytest.raises(UserError, match=r"wants 'body.0.weight' of shape \[4, 1, 3, 3\]"):
        open_checkpoint(folder / "mine.pt", network=f"{folder / 'net.py'}:make").network()


def test_a_module_of_a_package_is_found_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lab_of_mine"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError")
    (package / "nets.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    assert code_of("lab_of_mine.nets:make").files == (package / "nets.py", package / "__init__.py")
    assert "lab_of_mine" not in sys.modules
    for wrong in ("lab_of_mine.none:make", "nets", "a.py:", "nowhere.py:make"):
        with pytest.raises(UserError):
            code_of(wrong)


FOLDED = """
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm
class Double(nn.Module):
    def forward(self, x):
        return 2 * x
def made(change):
    net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    change(net[0])
    net.input_shape = (6,)
    return net
def pruned():
    return made(lambda layer: prune.l1_unstructured(layer, "weight", 0.5))
def normed():
    return made(parametrizations.weight_norm)
def spectral():
    return made(parametrizations.spectral_norm)
def older():
    return made(spectral_norm)
def doubled():
    return made(lambda layer: parametrize.register_parametrization(layer, "weight", Double()))
"""


@pytest.mark.parametrize("name", ["pruned", "normed", "spectral", "older", "doubled"])
def test_own_code_with_weights_made_of_others_runs_as_it_does(name: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(FOLDED)
    trust.trust(tmp_path / "net.py")
    space: dict[str, Any] = {}
    exec(FOLDED, space)
    network = space[name]().eval()
    torch.save(network.state_dict(), tmp_path / "a.pt")
    checkpoint = open_checkpoint(tmp_path / "a.pt", network=f"{tmp_path / 'net.py'}:{name}")
    x = torch.randn(4, 6)
    write_checkpoint(tmp_path / "b.safetensors", checkpoint.specs, checkpoint.tensor, checkpoint.inherited())
    for opened in (checkpoint, open_checkpoint(tmp_path / "b.safetensors")):
        torch.testing.assert_close(opened.network()(x), network(x))


WITH_LOSS = """
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(4, 3)
        self.criterion = nn.Linear(3, 3)
    def forward(self, x):
        return self.backbone(x)
def bare():
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
"""
LOSS = {"backbone": (3, 4), "criterion": (3, 3)}
BODY = {"0": (5, 4), "2": (3, 5)}


@pytest.mark.parametrize(
    ("network", "layers", "wrapped"),
    [
        ("Net", LOSS, "{0}.{1}"),
        ("Net", LOSS, "module.{0}.{1}"),
        ("Net", LOSS, "model.{0}._orig_mod.{1}"),
        ("bare", BODY, "{0}.{1}"),
        ("bare", BODY, "_forward_module.backbone.{0}.{1}"),
        ("bare", BODY, "net.body.{0}._checkpoint_wrapped_module.{1}"),
    ],
)
def test_names_are_those_of_the_code_whatever_they_look_like(
    network: str, layers: dict[str, tuple[int, int]], wrapped: str, tmp_path: Path
) -> None:
    file = tmp_path / "net.py"
    file.write_text(WITH_LOSS)
    trust.trust(file)
    own = {f"{name}.weight": torch.randn(shape) for name, shape in layers.items()}
    own |= {f"{name}.bias": torch.randn(shape[0]) for name, shape in layers.items()}
    torch.save({wrapped.format(*name.rsplit(".", 1)): tensor for name, tensor in own.items()}, tmp_path / "a.pt")
    checkpoint = open_checkpoint(tmp_path / "a.pt", network=f"{file}:{network}")
    assert set(checkpoint.specs) == set(own)
    for name, tensor in checkpoint.network().state_dict().items():
        assert torch.equal(tensor, own[name])
