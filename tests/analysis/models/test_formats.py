"""What is told of files, folders and programs: their networks, cards, values and damage."""

import json
import os
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

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


def test_layers_that_look_alike_are_no_sets(tmp_path: Path) -> None:
    state = {f"{part}.{layer}.weight": torch.ones(2, 2) for part in ("encoder", "decoder") for layer in (0, 1)}
    save_file(state, tmp_path / "a.safetensors")
    same(tmp_path / "a.safetensors", state)


SPARSE = """
import json, resource, sys
from pathlib import Path
import torch
from graftwork.analysis.models import open_checkpoint, describe
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
checkpoint = open_checkpoint(Path(sys.argv[1]))
facts = describe(Path(sys.argv[1]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"grown": (peak - before) / 1024, "bytes": facts["bytes"], "parameters": facts["parameters"]}))
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
