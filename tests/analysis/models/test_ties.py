"""Tensors under several names: counted once, written once, one again when loaded."""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from graftwork.analysis.models import compare, describe, open_checkpoint, write_checkpoint
from graftwork.analysis.models.weight import names_of

WORDS, HEAD = "transformer.wte.weight", "lm_head.weight"
_NORMS = ("h.0.ln_1", "h.0.ln_2", "ln_f")


def gpt2(**more: Tensor) -> dict[str, Tensor]:
    """Return a small language model's tensors, without a last layer."""
    torch.manual_seed(0)
    sides = {"attn.c_attn": (64, 192), "attn.c_proj": (64, 64), "mlp.c_fc": (64, 96), "mlp.c_proj": (96, 64)}
    block = {f"h.0.{name}.weight": torch.randn(side) for name, side in sides.items()}
    block |= {f"h.0.{name}.bias": torch.randn(side[1]) for name, side in sides.items()}
    norms = {f"{norm}.{part}": torch.ones(64) for norm in _NORMS for part in ("weight", "bias")}
    state = block | norms | {"wpe.weight": torch.randn(8, 64), "wte.weight": torch.randn(11, 64)}
    return {f"transformer.{name}": tensor for name, tensor in state.items()} | more


def one_storage(folder: Path) -> Path:
    state = gpt2()
    torch.save(state | {HEAD: state[WORDS]}, folder / "a.bin")
    return folder / "a.bin"


def head_first(folder: Path) -> Path:
    state = gpt2()
    torch.save({HEAD: state[WORDS]} | state, folder / "a.bin", _use_new_zipfile_serialization=False)
    return folder / "a.bin"


def by_metadata(folder: Path) -> Path:
    save_file(gpt2(), folder / "a.safetensors", {HEAD: WORDS})
    return folder / "a.safetensors"


def by_metadata_of_the_head(folder: Path) -> Path:
    state = gpt2()
    save_file({HEAD: state.pop(WORDS)} | state, folder / "a.safetensors", {WORDS: HEAD})
    return folder / "a.safetensors"


def by_settings(folder: Path) -> Path:
    state = gpt2()
    save_file(state | {HEAD: state[WORDS].clone()}, folder / "model.safetensors")
    (folder / "config.json").write_text('{"model_type": "gpt2", "n_head": 1}')
    return folder


@pytest.mark.parametrize("write", [one_storage, head_first, by_metadata, by_metadata_of_the_head, by_settings])
def test_a_tied_head_is_the_embedding(write: Callable[[Path], Path], tmp_path: Path) -> None:
    checkpoint, told = open_checkpoint(write(tmp_path)), describe(write(tmp_path))
    assert told["parameters"] == sum(tensor.numel() for tensor in gpt2().values())
    assert told["tied"] == {HEAD: WORDS}
    assert HEAD not in checkpoint.specs
    assert not {HEAD, WORDS} & set(names_of(checkpoint.weights()))
    assert checkpoint.architecture
    assert checkpoint.architecture.family == "gpt2"
    assert torch.equal(checkpoint.tensor(HEAD), checkpoint.tensor(WORDS))


def test_a_tied_head_of_a_network_with_untold_settings_is_the_embedding(tmp_path: Path) -> None:
    state = {name: tensor[..., :48] if name.endswith("attn.c_attn.bias") else tensor for name, tensor in gpt2().items()}
    block = "transformer.h.0.attn"
    state |= {f"{block}.c_attn.weight": torch.randn(64, 48), f"{block}.c_proj.weight": torch.randn(16, 64)}
    torch.save(state | {HEAD: state[WORDS]}, tmp_path / "a.bin")
    checkpoint = open_checkpoint(tmp_path / "a.bin")
    assert checkpoint.architecture is None
    assert checkpoint.likely
    assert checkpoint.ties == {HEAD: WORDS}
    assert {weight.outputs for weight in checkpoint.weights()} == {1}
    assert set(checkpoint.trained()) == state.keys()


def test_settings_do_not_tie_what_differs(tmp_path: Path) -> None:
    save_file(gpt2(**{HEAD: torch.randn(11, 64)}), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text('{"tie_word_embeddings": true, "model_type": "gpt2"}')
    checkpoint = open_checkpoint(tmp_path)
    assert checkpoint.ties == {}
    assert HEAD in names_of(checkpoint.weights())


def test_one_pickled_array_under_two_names_is_one_tensor(tmp_path: Path) -> None:
    array = np.ones((3, 4), "f4")
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"a.weight": array, "b.weight": array, "c.weight": array.copy()}))
    checkpoint = open_checkpoint(tmp_path / "a.pkl")
    assert checkpoint.ties == {"b.weight": "a.weight"}
    assert list(checkpoint.specs) == ["a.weight", "c.weight"]


def test_equal_values_alone_are_two_tensors(tmp_path: Path) -> None:
    state = gpt2()
    save_file(state | {HEAD: state[WORDS].clone()}, tmp_path / "a.safetensors")
    assert open_checkpoint(tmp_path / "a.safetensors").ties == {}


def twins(state: Mapping[str, Tensor], folder: Path) -> Any:
    torch.save({**state, "2.weight": state["0.weight"]}, folder / "a.pt")
    return open_checkpoint(folder / "a.pt")


def test_two_layers_of_one_matrix_are_one_again(tmp_path: Path) -> None:
    checkpoint = twins(nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)).state_dict(), tmp_path)
    assert [(weight.name, weight.tied) for weight in checkpoint.weights()] == [("0.weight", ("2.weight",))]
    network = checkpoint.network()
    matrices = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    assert len(matrices) == 1
    write_checkpoint(tmp_path / "b.safetensors", checkpoint.specs, checkpoint.tensor, {}, checkpoint.ties)
    again = open_checkpoint(tmp_path / "b.safetensors")
    assert again.ties == {"2.weight": "0.weight"}
    assert again.specs.keys() == checkpoint.specs.keys()
    x = torch.randn(3, 4)
    torch.testing.assert_close(again.network()(x), network(x))


def test_views_of_one_storage_are_not_tied(tmp_path: Path) -> None:
    whole = torch.randn(4, 4)
    views = {"a.weight": whole, "b.weight": whole.T, "c.weight": whole[:2], "d.weight": whole[2:]}
    torch.save(views, tmp_path / "a.pt")
    assert open_checkpoint(tmp_path / "a.pt").ties == {}


def test_a_tied_model_is_compared_with_an_untied_one_by_every_name(tmp_path: Path) -> None:
    tied, state = open_checkpoint(one_storage(tmp_path)), gpt2(**{HEAD: torch.randn(11, 64)})
    save_file(state, tmp_path / "b.safetensors")
    untied = open_checkpoint(tmp_path / "b.safetensors")
    for pair in ((tied, untied), (untied, tied)):
        (found,) = compare(pair[0], [pair[1]])
        assert found["missing"] == found["extra"] == []
        assert found["tensors"][WORDS]["equal"] == 1
        assert found["tensors"][HEAD]["equal"] < 0.1
    (itself,) = compare(tied, [tied])
    assert HEAD not in itself["tensors"]
