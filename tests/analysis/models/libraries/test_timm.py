"""Networks that timm builds, from folders, from what a safetensors file says, and by name."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import Checkpoint, describe, open_checkpoint
from graftwork.analysis.models.weight import names_of

from ..conftest import agree
from ..networks import randomised

X = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
SWIN = {"img_size": 32, "patch_size": 2, "embed_dim": 12, "depths": [2, 2], "num_heads": [2, 3], "window_size": 4}
REL: dict[str, Any] = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 3}


def saved(network: nn.Module, folder: Path, config: Mapping[str, Any] | None = None, **metadata: str) -> Path:
    """Write a folder as timm publishes it."""
    save_file(network.state_dict(), folder / "model.safetensors", metadata)
    if config:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def agrees(checkpoint: Checkpoint, network: nn.Module, x: torch.Tensor = X) -> None:
    with torch.inference_mode():
        agree(checkpoint, x, network(x))


@pytest.mark.parametrize(
    ("name", "options", "head"),
    [
        ("resnet10t", {}, "fc"),
        ("swinv2_tiny_window8_256", SWIN, "head.fc"),  # its tables of positions are computed, and in no file
        ("vit_relpos_small_patch16_224", REL, "head"),
        ("test_convnext", {}, "head.fc"),
    ],
)
def test_a_folder_of_timm_opens(timm: Any, name: str, options: dict[str, Any], head: str, tmp_path: Path) -> None:
    network = randomised(timm.create_model(name, num_classes=5, **options))
    config = {"architecture": name, "num_classes": 5, "model_args": options}
    checkpoint = open_checkpoint(saved(network, tmp_path, config))
    architecture = checkpoint.architecture
    assert architecture is not None
    assert (architecture.family, architecture.title, architecture.classes) == ("timm", name, 5)
    modules = dict(checkpoint.network().named_modules())
    assert architecture.head == head
    assert isinstance(modules[head], nn.Linear)
    assert set(architecture.stages) <= set(modules)
    assert len(architecture.stages) >= 2
    assert architecture.input_shape[1] == options.get("img_size", architecture.input_shape[2])
    agrees(checkpoint, network)


def test_what_the_file_says_of_itself_suffices(timm: Any, tmp_path: Path) -> None:
    network = randomised(timm.create_model("resnet10t", num_classes=7, in_chans=1))
    saved(network, tmp_path, architecture="resnet10t")
    checkpoint = open_checkpoint(tmp_path / "model.safetensors")
    assert checkpoint.architecture is not None
    assert (checkpoint.architecture.classes, checkpoint.architecture.input_shape[0]) == (7, 1)
    agrees(checkpoint, network, X[:, :1])


@pytest.mark.parametrize("classes", [0, 3])
def test_a_network_by_its_name_needs_no_trust(timm: Any, classes: int, tmp_path: Path) -> None:
    network = randomised(timm.create_model("resnet10t", num_classes=classes))
    torch.save({f"module.{name}": tensor for name, tensor in network.state_dict().items()}, tmp_path / "a.pt")
    assert open_checkpoint(tmp_path / "a.pt").architecture is None
    checkpoint = open_checkpoint(tmp_path / "a.pt", network="timm:resnet10t")
    assert checkpoint.architecture is not None
    assert (checkpoint.architecture.classes, checkpoint.architecture.head) == (classes, "fc" if classes else None)
    assert "layer1.0.conv1.weight" in names_of(checkpoint.weights())
    agrees(checkpoint, network)


def test_a_family_of_ours_stays_ours(timm: Any, tmp_path: Path) -> None:
    network = randomised(timm.create_model("resnet18", num_classes=5))
    checkpoint = open_checkpoint(saved(network, tmp_path, {"architecture": "resnet18", "num_classes": 5}))
    assert checkpoint.architecture is not None
    assert checkpoint.architecture.family == "resnet"


def test_a_description_counts_what_a_sample_costs(timm: Any, tmp_path: Path) -> None:
    network = timm.create_model("resnet10t", num_classes=5)
    facts = describe(saved(network, tmp_path, {"architecture": "resnet10t", "num_classes": 5}))
    assert (facts["family"], facts["classes"], facts["input_shape"]) == ("timm", 5, [3, 176, 176])
    assert facts["macs"] > 10**8


def test_options_that_load_weights_are_left_out(timm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.socket.connect", fails)
    hostile = {"pretrained": True, "checkpoint_path": str(tmp_path / "evil.pth"), "features_only": True}
    network = randomised(timm.create_model("resnet10t", num_classes=5))
    config = {"architecture": "resnet10t", "model_args": hostile, "pretrained_cfg": {"url": "https://a.example/x"}}
    agrees(open_checkpoint(saved(network, tmp_path, config)), network)


def fails(*_: object) -> None:
    raise AssertionError("nothing may be fetched")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("owl_tiny", r"timm [\d.]+ has no network 'owl_tiny'"),
        ("hf-hub:some/where", r"has no network 'hf-hub:some/where'"),
        ("resnet10t.no_such_tag", "cannot be built: RuntimeError"),
        ("resnet26t", r"wants 'layer1\.0\.conv1\.weight' of shape \[64, 64, 1, 1\]"),
        ("vgg11", "wants 'features.0.weight'"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_in_a_sentence(timm: Any, name: str, said: str, tmp_path: Path) -> None:
    network = timm.create_model("resnet10t", num_classes=5)
    path = saved(network, tmp_path)
    with pytest.raises(UserError, match=said):
        open_checkpoint(path, network=f"timm:{name}")
    (path / "config.json").write_text(json.dumps({"architecture": name}))
    with pytest.raises(UserError, match=said) as refused:
        open_checkpoint(path).network()
    assert f"it names {name} of timm, but " in refused.value.problem


def test_more_layers_than_tensors_are_not_built(timm: Any, tmp_path: Path) -> None:
    config = {"architecture": "resnet10t", "model_args": {"layers": [10**9, 1, 1, 1]}}
    checkpoint = open_checkpoint(saved(timm.create_model("resnet10t"), tmp_path, config))
    assert "more layers than the file has tensors" in checkpoint.reason


def test_a_tensor_too_many_is_refused(timm: Any, tmp_path: Path) -> None:
    state = timm.create_model("resnet10t", num_classes=5).state_dict() | {"adapter.weight": torch.ones(2)}
    save_file(state, tmp_path / "a.safetensors")
    with pytest.raises(UserError, match=r"holds 'adapter\.weight', which 'timm:resnet10t' has no place for"):
        open_checkpoint(tmp_path / "a.safetensors", network="timm:resnet10t")


def test_without_timm_its_name_and_how_to_install_it_are_said(
    timm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = timm.create_model("resnet10t", num_classes=5)
    path = saved(network, tmp_path, {"architecture": "resnet10t", "num_classes": 5})
    monkeypatch.setitem(sys.modules, "timm", None)
    checkpoint = open_checkpoint(path)
    assert checkpoint.architecture is None
    assert "layer1.0.conv1.weight" in names_of(checkpoint.weights())
    with pytest.raises(UserError, match="it names resnet10t of timm, but timm, which would open it,") as refused:
        checkpoint.network()
    assert "pip install 'graftwork[timm]'" in refused.value.problem
    with pytest.raises(UserError, match="is not installed"):
        open_checkpoint(path, network="timm:resnet10t")


def test_opening_leaves_the_random_numbers_alone(timm: Any, tmp_path: Path) -> None:
    path = saved(timm.create_model("resnet10t", num_classes=5), tmp_path, {"architecture": "resnet10t"})
    before = torch.get_rng_state()
    open_checkpoint(path).network()
    assert torch.equal(torch.get_rng_state(), before)
