"""Folders and indices, as the libraries that write them leave them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import save_torch_state_dict
from safetensors.torch import save_file
from torch import Tensor

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import open_checkpoint

STATE = {f"layer{n}.weight": torch.full((2, 3), float(n)) for n in range(4)}


def shards(folder: Path, form: str = "safetensors", state: dict[str, Tensor] | None = None) -> Path:
    """Write a tensor a file, and the index; return it."""
    stem, suffix = ("model", "safetensors") if form == "safetensors" else ("pytorch_model", "bin")
    placed = {}
    state = STATE if state is None else state
    for number, (name, tensor) in enumerate(state.items(), 1):
        placed[name] = f"{stem}-{number:05}-of-{len(state):05}.{suffix}"
        if form == "safetensors":
            save_file({name: tensor}, folder / placed[name])
        else:
            torch.save({name: tensor}, folder / placed[name], _use_new_zipfile_serialization=form == "torch zip")
    index = folder / f"{stem}.{suffix}.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 96}, "weight_map": placed}))
    return index


def refusal(path: Path, weights: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        open_checkpoint(path, weights)
    return str(caught.value)


@pytest.mark.parametrize("form", ["safetensors", "torch zip", "torch legacy"])
def test_several_files_open_as_one_by_index_and_by_folder(form: str, tmp_path: Path) -> None:
    index = shards(tmp_path, form)
    for path in (index, tmp_path):
        checkpoint = open_checkpoint(path)
        assert checkpoint.format == f"{form}, 4 parts"
        assert checkpoint.path == path
        assert list(checkpoint.specs) == list(STATE)
        assert all(torch.equal(checkpoint.tensor(name), tensor) for name, tensor in STATE.items())
        assert checkpoint.metadata["index"] == {"total_size": 96}
        assert checkpoint.files[0] == index
        assert len(checkpoint.files) == 5


@pytest.mark.parametrize(("safe", "limit", "files"), [(True, 10**9, 1), (True, 30, 5), (False, 30, 5)])
def test_what_the_hub_library_writes_opens(safe: bool, limit: int, files: int, tmp_path: Path) -> None:
    save_torch_state_dict(STATE, tmp_path, max_shard_size=limit, safe_serialization=safe)
    (tmp_path / "config.json").write_text('{"model_type": "gpt2", "architectures": ["GPT2Model"]}')
    checkpoint = open_checkpoint(tmp_path)
    assert set(checkpoint.specs) == set(STATE)
    assert all(torch.equal(checkpoint.tensor(key), STATE[key]) for key in STATE)
    assert checkpoint.metadata["config"]["model_type"] == "gpt2"
    assert checkpoint.metadata["library"] == "transformers"
    assert len(checkpoint.files) == files


def test_safetensors_are_preferred_and_the_rest_of_the_folder_is_noted(tmp_path: Path) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / "model.safetensors")
    torch.save({"w": torch.zeros(2)}, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text('{"architecture": "resnet18", "num_classes": 10}')
    (tmp_path / "tokenizer.json").write_text("{}")
    checkpoint = open_checkpoint(tmp_path)
    assert torch.equal(checkpoint.tensor("w"), torch.ones(2))
    assert checkpoint.metadata["config"] == {"architecture": "resnet18", "num_classes": 10}
    assert checkpoint.metadata["library"] == "timm"
    assert checkpoint.metadata["tokenizer"] == ["tokenizer.json"]


def test_a_folder_with_one_checkpoint_of_any_name_opens(tmp_path: Path) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / "other.safetensors")
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    assert "w" in open_checkpoint(tmp_path).specs


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "holds no checkpoint"),
        ({"notes.txt": "x"}, "holds no checkpoint"),
        ({"model_index.json": "{}", "unet/config.json": "{}"}, "Open one of its folders: unet"),
        ({"adapter_config.json": "{}", "adapter_model.safetensors": "x"}, "is an adapter"),
        ({"tf_model.h5": "x"}, "TensorFlow alone"),
        ({"a.pt": "x", "b.pt": "x"}, "several checkpoints: a.pt, b.pt"),
        ({"model.safetensors.index.json": "[]"}, "no table"),
        ({"model.safetensors.index.json": "{"}, "not valid JSON"),
        ({"model.safetensors.index.json": "[" * 100_000}, "not valid JSON"),
        ({"model.safetensors.index.json": "{}"}, "does not say which"),
        ({"model.safetensors.index.json": '{"weight_map": {}}'}, "does not say which"),
        ({"model.safetensors.index.json": '{"weight_map": {"a": 3}}'}, "does not say which"),
        ({"model.safetensors.index.json": '{"weight_map": {"a": "none.safetensors"}}'}, "is not there"),
    ],
)
def test_a_folder_that_cannot_be_opened_says_why(files: dict[str, str], sentence: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert sentence in refusal(tmp_path)


@pytest.mark.parametrize(
    "name", ["../outside.safetensors", "/etc/passwd", "..", ".", "", "a/../../b", "..\\outside", "a\0b", "link", "loop"]
)
def test_an_index_never_leaves_its_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    save_file({"w": torch.ones(2)}, tmp_path / "outside.safetensors")
    (folder / "link").symlink_to(tmp_path / "outside.safetensors")
    (folder / "loop").symlink_to(folder / "loop")
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"w": name}}))
    assert "outside its folder" in refusal(index)


def test_weights_that_are_a_link_out_of_their_folder_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    save_file({"w": torch.ones(2)}, tmp_path / "outside.safetensors")
    (folder / "model.safetensors").symlink_to(tmp_path / "outside.safetensors")
    assert "leaves its folder" in refusal(folder)


def test_the_links_of_a_cache_of_downloads_are_followed_to_its_store(tmp_path: Path) -> None:
    store, revision = tmp_path / "blobs", tmp_path / "snapshots" / "0a1b"
    store.mkdir()
    revision.mkdir(parents=True)
    index = shards(store)
    for file in [*store.iterdir()]:
        blob = file.rename(store / f"{len(file.name)}{file.name[6:11]}")
        (revision / file.name).symlink_to(os.path.relpath(blob, revision))
    checkpoint = open_checkpoint(revision / index.name)
    assert all(torch.equal(checkpoint.tensor(name), tensor) for name, tensor in STATE.items())


def test_a_tensor_that_its_file_lacks_is_named(tmp_path: Path) -> None:
    index = shards(tmp_path)
    table: dict[str, Any] = json.loads(index.read_text())
    table["weight_map"]["extra"] = table["weight_map"]["layer0.weight"]
    index.write_text(json.dumps(table))
    assert "lacks 'extra'" in refusal(index)


def test_networks_that_share_several_files_are_told_apart(tmp_path: Path) -> None:
    state = {f"{head}.{name}": tensor for head in ("model", "ema_model") for name, tensor in STATE.items()}
    index = shards(tmp_path, state=state)
    assert open_checkpoint(index).metadata["weights"] == ["model", "ema_model"]
    assert list(open_checkpoint(index, "ema_model").specs) == list(STATE)
