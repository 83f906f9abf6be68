"""Files as the libraries write them: programs, shards, folders, averages; and what each gives back."""

import json
import os
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from graftwork.analysis.errors import UserError
from graftwork.analysis.models import describe, open_checkpoint

State = dict[str, Tensor]


class Plain(nn.Module):
    """Of no family, with a parameter of its own, a transposed one, and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.rest = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
        self.scale = nn.Parameter(torch.rand(3, 2).T)
        self.register_buffer("steps", torch.tensor(5))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.rest(self.norm(self.first(x)).mean((2, 3))) * self.scale.sum()
        return out


@pytest.fixture
def plain() -> nn.Module:
    torch.manual_seed(0)
    return Plain().eval()


def same(path: Path, state: State, weights: str | None = None) -> None:
    checkpoint = open_checkpoint(path, weights)
    assert set(checkpoint.specs) == set(state)
    for name, tensor in state.items():
        read = checkpoint.tensor(name)
        assert read.dtype == tensor.dtype
        torch.testing.assert_close(read, tensor, rtol=0, atol=0)


@pytest.mark.parametrize("how", ["script", "trace"])
def test_torchscript(how: str, plain: nn.Module, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made: Any = torch.jit.script(plain) if how == "script" else torch.jit.trace(plain, torch.rand(1, 3, 8, 8))
        made.save(str(tmp_path / "a.pt"))
    same(tmp_path / "a.pt", plain.state_dict())
    assert open_checkpoint(tmp_path / "a.pt").format == "TorchScript"


def test_an_exported_program(plain: nn.Module, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(plain, (torch.rand(1, 3, 8, 8),)), tmp_path / "a.pt2")
    same(tmp_path / "a.pt2", plain.state_dict())
    assert open_checkpoint(tmp_path / "a.pt2").format == "exported program"


def shard(state: State, folder: Path, kind: str = "safetensors") -> Path:
    """Write a state in two parts with an index, as the Hugging Face libraries name them."""
    stem, ending = ("model", "safetensors") if kind == "safetensors" else ("pytorch_model", "bin")
    names = sorted(state)
    halves = {f"{stem}-0000{n}-of-00002.{ending}": names[n - 1 :: 2] for n in (1, 2)}
    for part, members in halves.items():
        content = {name: state[name].contiguous() for name in members}
        if kind == "safetensors":
            save_file(content, folder / part)
        else:
            torch.save(content, folder / part)
    index = folder / f"{stem}.{ending}.index.json"
    where = {name: part for part, members in halves.items() for name in members}
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": where}))
    return index


@pytest.mark.parametrize("kind", ["safetensors", "torch"])
def test_shards_by_their_index_and_by_their_folder(kind: str, plain: nn.Module, tmp_path: Path) -> None:
    index = shard(plain.state_dict(), tmp_path, kind)
    (tmp_path / "config.json").write_text('{"model_type": "plain", "hidden": 4}')
    same(index, plain.state_dict())
    same(tmp_path, plain.state_dict())
    facts = describe(tmp_path)
    assert facts["format"] == f"{'safetensors' if kind == 'safetensors' else 'torch zip'}, 2 parts"
    assert facts["files"] == 3
    assert facts["metadata"]["config"] == {"model_type": "plain", "hidden": 4}
    before = describe(index)["content"]
    part = next(tmp_path.glob("*-00002-of-*"))
    part.write_bytes(part.read_bytes()[:-1] + b"\x01")
    assert describe(index)["content"] != before


def test_a_folder_prefers_safetensors_and_names_what_it_cannot_choose(plain: nn.Module, tmp_path: Path) -> None:
    state = {name: tensor.contiguous() for name, tensor in plain.state_dict().items()}
    torch.save({"w": torch.ones(1)}, tmp_path / "pytorch_model.bin")
    save_file(state, tmp_path / "model.safetensors")
    same(tmp_path, state)
    for file in tmp_path.iterdir():
        file.unlink()
    for name in ("a.pt", "b.pt"):
        torch.save(state, tmp_path / name)
    with pytest.raises(UserError, match=r"several checkpoints: a\.pt, b\.pt"):
        open_checkpoint(tmp_path)
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(UserError, match="an adapter"):
        open_checkpoint(tmp_path)


def test_a_network_that_nobody_here_knows_says_whose_it_is(plain: nn.Module, tmp_path: Path) -> None:
    save_file({n: t.contiguous() for n, t in plain.state_dict().items()}, tmp_path / "model.safetensors")
    for config, said in (
        ({"architectures": ["Owl"], "model_type": "owl"}, "names Owl of transformers"),
        ({"architecture": "owl_tiny"}, "names owl_tiny of timm"),
    ):
        (tmp_path / "config.json").write_text(json.dumps(config))
        assert said in describe(tmp_path)["reason"]
        with pytest.raises(UserError, match=said) as refused:
            open_checkpoint(tmp_path).network()
        assert "network =" in refused.value.next_step


def test_links_as_in_a_download_cache_are_followed(plain: nn.Module, tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "main"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    state = {name: tensor.contiguous() for name, tensor in plain.state_dict().items()}
    save_file(state, blobs / "0123")
    (snapshot / "model.safetensors").symlink_to("../../blobs/0123")
    same(snapshot, state)


def test_an_average_inside_one_state_is_a_set_of_its_own(resnet: nn.Module, tmp_path: Path) -> None:
    state = resnet.state_dict()
    both = {f"model.{n}": t for n, t in state.items()} | {f"ema_model.{n}": t + t for n, t in state.items()}
    torch.save({"state_dict": both, "epoch": 3, "optimizer_states": [{"state": {}}]}, tmp_path / "a.ckpt")
    same(tmp_path / "a.ckpt", state)
    same(tmp_path / "a.ckpt", {name: tensor + tensor for name, tensor in state.items()}, "ema_model")
    checkpoint = open_checkpoint(tmp_path / "a.ckpt")
    assert checkpoint.metadata["weights"] == ["model", "ema_model"]
    assert checkpoint.metadata["epoch"] == 3
    assert checkpoint.architecture is not None


def test_of_two_networks_one_must_be_named(tmp_path: Path) -> None:
    torch.save({"generator": {"w": torch.ones(1)}, "discriminator": {"w": torch.zeros(1)}}, tmp_path / "a.pt")
    with pytest.raises(UserError, match="several sets of weights: generator, discriminator"):
        open_checkpoint(tmp_path / "a.pt")
    same(tmp_path / "a.pt", {"w": torch.zeros(1)}, "discriminator")


def test_layers_that_look_alike_are_no_sets(tmp_path: Path) -> None:
    state = {f"{part}.{layer}.weight": torch.ones(2, 2) for part in ("encoder", "decoder") for layer in (0, 1)}
    save_file(state, tmp_path / "a.safetensors")
    same(tmp_path / "a.safetensors", state)


SPARSE = """
import json, resource, sys, time
from pathlib import Path
import torch
from graftwork.analysis.models import open_checkpoint, describe
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
checkpoint = open_checkpoint(Path(sys.argv[1]))
opened = time.perf_counter() - start
facts = describe(Path(sys.argv[1]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"opened": opened, "described": time.perf_counter() - start, "grown": (peak - before) / 1024,
                  "bytes": facts["bytes"], "parameters": facts["parameters"]}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs files with holes")
def test_twenty_gigabytes_open_by_their_headers(tmp_path: Path) -> None:
    where = {}
    for part in range(5):
        shape, name = [1000, 1000, 1000], f"model-{part}.safetensors"
        header = {f"layer{part}.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, 4 * 10**9]}}
        text = json.dumps(header).encode()
        with (tmp_path / name).open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
        os.truncate(tmp_path / name, 8 + len(text) + 4 * 10**9)
        where[f"layer{part}.weight"] = name
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    done = subprocess.run([sys.executable, "-c", SPARSE, str(tmp_path)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["bytes"] > 20e9
    assert found["parameters"] == 5e9
    assert found["grown"] < 100  # MiB
    assert found["opened"] < 2  # a header or two; were tensors read, it would be minutes


def test_what_a_card_claims(resnet: nn.Module, tmp_path: Path) -> None:
    save_file(resnet.state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "README.md").write_text(
        "---\nlicense: mit\nbase_model: a/b\nmodel-index:\n- name: x\n  results:\n  - dataset: {name: CIFAR-10}\n"
        "    metrics:\n    - {type: accuracy, value: 0.91}\n---\n# A model\n"
    )
    assert describe(tmp_path)["card"] == {
        "license": "mit",
        "base_model": "a/b",
        "claims": [{"dataset": "CIFAR-10", "metric": "accuracy", "value": 0.91}],
    }


@pytest.mark.parametrize(
    "text", ["# no front", "---\n: [\n---\n", "---\n- a\n---\n", "---\nlicense: !!python/name:os.system\n---\n"]
)
def test_a_card_that_is_none_is_none(text: str, resnet: nn.Module, tmp_path: Path) -> None:
    save_file(resnet.state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "README.md").write_text(text)
    assert describe(tmp_path)["card"] is None


def test_statistics_on_request(tmp_path: Path) -> None:
    save_file({"a.weight": torch.tensor([[3.0, 0.0], [-4.0, float("nan")]])}, tmp_path / "a.safetensors")
    (layer,) = describe(tmp_path / "a.safetensors", statistics=True)["layers"]
    assert (layer["largest"], layer["zeros"], layer["not_finite"]) == (4.0, 1, 1)
    assert layer["rms"] == pytest.approx((25 / 3) ** 0.5)
    assert "rms" not in describe(tmp_path / "a.safetensors")["layers"][0]


# What must be refused


def zipped(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/").replace("_pkl", ".pkl"), content)
    return path


def canary(path: Path) -> bytes:
    """Return a pickle that would make a file if it ran."""
    return f"cbuiltins\nopen\n(V{path}\nVw\ntR.".encode()


def test_a_program_whose_graph_would_run_code_is_read_without_running_it(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    path = zipped(tmp_path / "a.pt", a__data_pkl=canary(trap), a__constants_pkl=b"")
    with pytest.raises(UserError):
        open_checkpoint(path)
    assert not trap.exists()


def test_a_graph_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.pt", a__data_pkl=bytes(65 << 20), a__constants_pkl=b"")
    assert path.stat().st_size < 1 << 20
    with pytest.raises(UserError, match="compressed"):
        open_checkpoint(path)
    with pytest.raises(UserError, match="compressed"):
        open_checkpoint(zipped(tmp_path / "b.pt", a__data_pkl=bytes(65 << 20)))


@pytest.mark.parametrize("entry", ["data/0", "data/1", "data.pkl", "data/weights/weight_0"])
def test_a_program_with_a_part_missing_or_cut_is_refused(entry: str, plain: nn.Module, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if "weights" in entry:
            torch.export.save(torch.export.export(plain, (torch.rand(1, 3, 8, 8),)), tmp_path / "whole.pt2")
        else:
            torch.jit.script(plain).save(str(tmp_path / "whole.pt2"))
    for cut in (True, False):
        with zipfile.ZipFile(tmp_path / "whole.pt2") as whole, zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
            for name in whole.namelist():
                content = whole.read(name)
                if not name.endswith("/" + entry):
                    archive.writestr(name, content)
                elif cut:
                    archive.writestr(name, content[: len(content) // 2])
        with pytest.raises(UserError):
            open_checkpoint(tmp_path / "a.pt")


def test_a_link_that_goes_in_circles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").symlink_to(tmp_path / "b.safetensors")
    (tmp_path / "b.safetensors").symlink_to(tmp_path / "a.safetensors")
    with pytest.raises(UserError):
        open_checkpoint(tmp_path / "a.safetensors")
    with pytest.raises(UserError):
        open_checkpoint(tmp_path)
