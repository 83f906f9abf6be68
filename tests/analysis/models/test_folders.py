"""Folders and indices, as the libraries that write them leave them."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import save_torch_state_dict
from safetensors.torch import save, save_file
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
        ({"notes.txt": "x"}, "holds no checkpoint"),
        ({"model_index.json": "{}", "unet/config.json": "{}"}, "Open one of its folders: unet"),
        ({"adapter_config.json": "{}", "adapter_model.safetensors": "x"}, "is an adapter"),
        ({"tf_model.h5": "x"}, "TensorFlow alone"),
        ({"saved_model.pb": "x", "variables/variables.index": "x"}, "TensorFlow SavedModel"),
        ({"net.ckpt.index": "x", "net.ckpt.data-00000-of-00001": "x", "checkpoint": "x"}, "TensorFlow alone"),
        ({"flax_model.msgpack": "x", "config.json": "{}"}, "Flax alone"),
        ({"_CHECKPOINT_METADATA": "{}", "manifest.ocdbt": "x"}, "Orbax"),
        ({".metadata": "x", "__0_0.distcp": "x"}, "dcp_to_torch"),
        ({"zero_to_fp32.py": "", "global_step5/zero_pp_rank_0_mp_rank_00_model_states.pt": "x"}, "DeepSpeed"),
        ({"zero_pp_rank_0_mp_rank_00_optim_states.pt": "x", "mp_rank_00_model_states.pt": "x"}, "DeepSpeed"),
        ({"model.onnx": "x", "config.json": "{}"}, "ONNX"),
        ({"model-Q4.gguf": "x"}, "GGUF"),
        ({"net.mlpackage": "x"}, "Core ML"),
        ({"model.keras": "x"}, "Keras"),
        ({"model.tflite": "x"}, "TFLite"),
    ],
)
def test_a_folder_that_cannot_be_opened_says_why(files: dict[str, str], sentence: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert sentence in refusal(tmp_path)


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


def test_networks_that_share_several_files_are_told_apart(tmp_path: Path) -> None:
    state = {f"{head}.{name}": tensor for head in ("model", "ema_model") for name, tensor in STATE.items()}
    index = shards(tmp_path, state=state)
    assert open_checkpoint(index).metadata["weights"] == ["model", "ema_model"]
    assert list(open_checkpoint(index, "ema_model").specs) == list(STATE)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("net.onnx", b"\x08\x07\x12\x07pytorch" + bytes(40), "ONNX"),
        ("net.bin", b"\x08\x08\x12\x07pytorch" + bytes(40), "ONNX"),
        ("net.mlmodel", b"\x08\x05\x12\x20" + bytes(40), "Core ML"),
        ("frozen.pb", b"\n\x12" + bytes(40), "TensorFlow graph"),
        ("net.ckpt.index", bytes(90), "TensorFlow checkpoint"),
        ("net.ckpt.data-00000-of-00001", bytes(90), "TensorFlow checkpoint"),
        ("flax_model.msgpack", b"\x82\xa5model" + bytes(40), "Flax"),
        ("__0_0.distcp", bytes(90), "distributed checkpoint"),
        ("net.engine", bytes(90), "TensorRT"),
        ("net.npz", b"PK\x03\x04", "truncated"),
        ("net.pte", b"\x1c\0\0\0ET12" + bytes(40), "ExecuTorch"),
    ],
)
def test_a_file_of_another_program_is_named(file: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(content)
    assert said in refusal(tmp_path / file)


@pytest.mark.parametrize(("file", "said"), [("net.npz", "arrays"), ("net.keras", "Keras"), ("net.zip", "torch.save")])
def test_an_archive_of_another_program_is_named(file: str, said: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / file, "w") as archive:
        archive.writestr("a/one", b"x")
    assert said in refusal(tmp_path / file)


def test_the_weights_of_an_openvino_model_are_told_by_the_model_beside_them(tmp_path: Path) -> None:
    (tmp_path / "net.xml").write_text("<?xml version='1.0'?><net name='x' version='11'></net>")
    (tmp_path / "net.bin").write_bytes(bytes(90))
    assert all("OpenVINO" in refusal(tmp_path / name) for name in ("net.xml", "net.bin"))


@pytest.mark.parametrize("file", ["net.pb", "net.index", "net.onnx", "net.plan"])
def test_weights_open_whatever_they_are_called(file: str, tmp_path: Path) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / file)
    assert list(open_checkpoint(tmp_path / file).specs) == ["w"]
    torch.save({"w": torch.ones(2)}, tmp_path / file)
    assert list(open_checkpoint(tmp_path / file).specs) == ["w"]


def test_a_header_whose_length_looks_like_a_mark_opens(tmp_path: Path) -> None:
    length = int.from_bytes(b"\x1f\x8b", "little")  # gzip's
    whole = save({"w": torch.ones(2)})
    size = int.from_bytes(whole[:8], "little")
    (tmp_path / "a").write_bytes(length.to_bytes(8, "little") + whole[8 : 8 + size].ljust(length) + whole[8 + size :])
    assert list(open_checkpoint(tmp_path / "a").specs) == ["w"]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    "pattern",
    [
        "model-{:05}-of-00004.safetensors",
        "pytorch_model-{:05}-of-00004.bin",
        "net_{}-of-4.pt",
        "model.fp16-{:05}-of-00004.safetensors",
    ],
)
def test_parts_without_an_index_open_as_one(pattern: str, first: int, tmp_path: Path) -> None:
    for number, (name, tensor) in enumerate(STATE.items(), first):
        write: Any = save_file if pattern.endswith("safetensors") else torch.save
        write({name: tensor}, tmp_path / pattern.format(number))
    (tmp_path / "training_args.bin").write_bytes(b"x")
    checkpoint = open_checkpoint(tmp_path)
    assert checkpoint.format.endswith("4 parts")
    assert all(torch.equal(checkpoint.tensor(name), tensor) for name, tensor in STATE.items())
    (tmp_path / pattern.format(first + 2)).unlink()
    assert f"Part {first + 2} of those" in refusal(tmp_path)


def test_parts_that_hold_a_tensor_twice_or_are_not_alone_are_refused(tmp_path: Path) -> None:
    for number in (1, 2):
        save_file({"w": torch.ones(2)}, tmp_path / f"model-{number}-of-2.safetensors")
    assert "holds 'w', which 'model-1-of-2.safetensors' holds as well" in refusal(tmp_path)
    save_file({"w": torch.ones(2)}, tmp_path / "other.safetensors")
    assert "several checkpoints: other.safetensors, model-1-of-2.safetensors" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["model.fp16.safetensors.index.json", "model.safetensors.index.fp16.json"])
def test_the_index_of_a_variant_opens_with_its_folder(name: str, tmp_path: Path) -> None:
    shards(tmp_path).rename(tmp_path / name)
    checkpoint = open_checkpoint(tmp_path)
    assert list(checkpoint.specs) == list(STATE)
    assert checkpoint.files[0].name == name


@pytest.mark.parametrize("file", ["model_best.pth.tar", "net.pkl", "last.ckpt"])
def test_a_folder_with_a_training_program_s_file_opens(file: str, tmp_path: Path) -> None:
    torch.save({"state_dict": STATE, "epoch": 3}, tmp_path / file)
    torch.save({"state": {}}, tmp_path / "optimizer.pt")
    (tmp_path / "events.out.tfevents.1").write_bytes(b"x")
    assert list(open_checkpoint(tmp_path).specs) == list(STATE)


@pytest.mark.parametrize(
    "names",
    [
        ("base_model.model.layers.0.q.lora_A.weight", "base_model.model.layers.0.q.lora_B.weight"),
        ("lora_unet_mid_attn.lora_down.weight", "lora_unet_mid_attn.lora_up.weight", "lora_unet_mid_attn.alpha"),
        ("base_model.model.h.0.mlp.ia3_l", "base_model.model.h.1.mlp.ia3_l"),
        (
            "a.lora_A.default.weight",
            "a.lora_B.default.weight",
            "b.lora_A.default.weight",
            "b.lora_B.default.weight",
            "classifier.modules_to_save.weight",
        ),
        ("prompt_embeddings",),
    ],
)
@pytest.mark.parametrize("file", ["adapter_model.safetensors", "adapter_model.bin"])
def test_an_adapter_is_no_network(file: str, names: tuple[str, ...], tmp_path: Path) -> None:
    write: Any = save_file if file.endswith("safetensors") else torch.save
    write({name: torch.ones(4, 4) for name in names}, tmp_path / file)
    assert "is an adapter" in refusal(tmp_path / file)


def test_a_network_with_its_adapters_opens(tmp_path: Path) -> None:
    names = ["fc.base_layer.weight", "fc.lora_A.weight", "fc.lora_B.weight", "head.weight"]
    save_file({name: torch.ones(4, 4) for name in names}, tmp_path / "model.safetensors")
    assert set(open_checkpoint(tmp_path).specs) == set(names)
