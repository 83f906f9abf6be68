import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.models.weight import names_of


def save(state: dict[str, Tensor], path: Path, form: str) -> Path:
    if form == "safetensors":
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form == "torch zip")
    return path


def assert_holds(checkpoint: Checkpoint, state: dict[str, Tensor]) -> None:
    assert set(checkpoint.specs) == set(state)
    for name, tensor in state.items():
        spec = checkpoint.specs[name]
        assert (spec.shape, spec.dtype) == (tuple(tensor.shape), tensor.dtype)
        assert torch.equal(checkpoint.tensor(name), tensor)


@pytest.mark.parametrize("form", ["safetensors", "torch zip", "torch legacy"])
def test_every_format_gives_the_tensors_back(state: dict[str, Tensor], tmp_path: Path, form: str) -> None:
    checkpoint = open_checkpoint(save(state, tmp_path / "a.bin", form))
    assert checkpoint.format == form
    assert checkpoint.architecture is None
    assert_holds(checkpoint, state)


@pytest.mark.parametrize("form", ["torch zip", "torch legacy"])
def test_torch_files_keep_their_order(state: dict[str, Tensor], tmp_path: Path, form: str) -> None:
    assert list(open_checkpoint(save(state, tmp_path / "a.pt", form)).specs) == list(state)


@pytest.mark.parametrize("form", ["safetensors", "torch zip", "torch legacy"])
def test_a_tensor_is_the_callers_own(state: dict[str, Tensor], tmp_path: Path, form: str) -> None:
    path = save(state, tmp_path / "a.bin", form)
    before = path.read_bytes()
    checkpoint = open_checkpoint(path)
    checkpoint.tensor("encoder.weight").zero_()
    assert torch.equal(checkpoint.tensor("encoder.weight"), state["encoder.weight"])
    assert path.read_bytes() == before


def test_opening_safetensors_reads_no_tensor(
    state: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(state, tmp_path / "a.safetensors", "safetensors")
    monkeypatch.setattr(torch, "frombuffer", lambda *_, **__: pytest.fail("a tensor was read"))
    open_checkpoint(path)


@pytest.mark.parametrize("nest", [["state_dict"], ["model"], ["checkpoint", "model_state_dict"], ["ema"], ["net"]])
@pytest.mark.parametrize("prefix", ["", "module.", "model.", "_orig_mod.", "module._orig_mod.model."])
def test_wrappers_are_removed(state: dict[str, Tensor], tmp_path: Path, nest: list[str], prefix: str) -> None:
    content: dict[str, Any] = {prefix + name: tensor for name, tensor in state.items()}
    for key in reversed(nest):
        content = {key: content, "epoch": 3}
    torch.save(content, tmp_path / "a.pt")
    checkpoint = open_checkpoint(tmp_path / "a.pt")
    assert_holds(checkpoint, state)
    assert checkpoint.metadata == {"epoch": 3}


def test_a_prefix_that_one_tensor_lacks_stays(tmp_path: Path) -> None:
    state = {"model.a": torch.ones(2), "head": torch.ones(2)}
    torch.save(state, tmp_path / "a.pt")
    assert list(open_checkpoint(tmp_path / "a.pt").specs) == ["model.a", "head"]


def test_weights_are_preferred_to_their_average_and_to_the_optimiser(tmp_path: Path) -> None:
    content = {
        "ema": {"w": torch.zeros(2)},
        "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 0.1}]},
        "state_dict": {"w": torch.ones(2)},
    }
    torch.save(content, tmp_path / "a.pt")
    checkpoint = open_checkpoint(tmp_path / "a.pt")
    assert torch.equal(checkpoint.tensor("w"), torch.ones(2))
    assert checkpoint.metadata == {"training": ["optimizer"], "weights": ["ema", "state_dict"], "opened": "state_dict"}


def test_a_safetensors_file_whose_length_begins_like_a_pickle_opens(tmp_path: Path) -> None:
    for size in range(256):
        save_file({"w": torch.ones(2)}, tmp_path / "a.safetensors", {"note": "x" * size})
        if (tmp_path / "a.safetensors").read_bytes()[0] == 0x80:
            break
    assert list(open_checkpoint(tmp_path / "a.safetensors").specs) == ["w"]
    assert (tmp_path / "a.safetensors").read_bytes()[0] == 0x80


def test_what_is_json_beside_the_tensors_is_metadata(tmp_path: Path) -> None:
    beside = {"best_prec1": 91.7, "arch": "tiny", "sizes": [1, [2]], "top1": torch.tensor(0.5), "loss": math.nan}
    torch.save({"state_dict": {"w": torch.ones(2), "version": 4}, **beside}, tmp_path / "a.pt")
    metadata = open_checkpoint(tmp_path / "a.pt").metadata
    assert metadata == {"best_prec1": 91.7, "arch": "tiny", "sizes": [1, [2]], "top1": 0.5, "version": 4}


@pytest.mark.parametrize(
    ("text", "expected"), [('{"heads": 4}', {"heads": 4}), ("no json", "no json"), ("[NaN]", "[NaN]")]
)
def test_own_metadata_is_decoded_where_it_is_json(tmp_path: Path, text: str, expected: object) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / "a.safetensors", {"by": "me", "graftwork": text})
    assert open_checkpoint(tmp_path / "a.safetensors").metadata == {"by": "me", "graftwork": expected}


def test_weights_of_an_unknown_network_leave_out_embeddings_and_norms(tmp_path: Path) -> None:
    counted = ["a.weight", "blocks.0.fc.weight", "patch_embed.proj.weight"]
    others = ["wte.weight", "tok_embeddings.weight", "ln_1.weight", "input_layernorm.weight", "a.bias"]
    state = {name: torch.ones(2, 2) for name in counted + others}
    state |= {"b.weight": torch.ones(2), "c.weight": torch.ones(2, 2, dtype=torch.int64)}
    torch.save(state, tmp_path / "a.pt")
    assert sorted(names_of(open_checkpoint(tmp_path / "a.pt").weights())) == sorted(counted)


def test_weights_of_a_known_network_are_its_layers(resnet: nn.Module, tmp_path: Path) -> None:
    torch.save(resnet.state_dict(), tmp_path / "a.pt")
    layers = [f"{n}.weight" for n, m in resnet.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert list(names_of(open_checkpoint(tmp_path / "a.pt").weights())) == layers


def test_an_unknown_network_cannot_be_run(state: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(UserError, match=r"no known family .*resnet_cifar.*vit") as caught:
        open_checkpoint(tmp_path / "a.pt").network()
    assert caught.value.next_step
