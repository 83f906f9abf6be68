import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from graftwork.analysis.identity import fingerprint
from graftwork.analysis.models import describe, description


def test_a_known_network(resnet: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    state = resnet.state_dict()
    state["linear.weight"][:] = 0.0
    torch.save({"state_dict": state, "best_prec1": 91.7}, path)
    told = describe(path)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["content"] == fingerprint(path)
    assert told["bytes"] == path.stat().st_size
    assert (told["format"], told["family"], told["title"]) == ("torch zip", "resnet_cifar", "ResNet-10 (CIFAR)")
    assert (told["depth"], told["classes"], told["widths"], told["input_shape"]) == (10, 7, [4, 8, 16], [2, 32, 32])
    assert told["tensors"] == len(state) == len(told["layers"])
    assert told["parameters"] == sum(p.numel() for p in resnet.parameters())
    assert told["metadata"] == {"best_prec1": 91.7}
    assert told["layers"][0] == {"name": "conv1.weight", "shape": [4, 2, 3, 3], "dtype": "float32"}
    weights = sum(t.numel() for n, t in state.items() if t.ndim > 1)
    assert told["sparsity"] == 7 * 16 / weights


def test_a_large_checkpoint_is_hashed_only_where_it_is_read_anyway(
    resnet: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(description, "_READ_AT_ONCE", 1000)
    monkeypatch.setattr("graftwork.analysis.identity.sights.now", lambda: 1 << 62)
    path = tmp_path / "a.pt"
    torch.save(resnet.state_dict(), path)
    assert describe(path)["content"] is None
    assert describe(path, statistics=True)["content"] == fingerprint(path)
    assert describe(path)["content"] == fingerprint(path)


def test_an_unknown_network_says_why(state: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(state, tmp_path / "a.pt")
    told = describe(tmp_path / "a.pt")
    assert told["family"] is None
    assert "no known family" in told["reason"]
    assert told["dtypes"] == {"float32": 12, "float64": 2, "int64": 1, "bool": 3, "bfloat16": 2}
    assert told["sparsity"] == 1 / 12


def test_without_weights_there_is_no_sparsity(tmp_path: Path) -> None:
    torch.save({"steps": torch.tensor(3)}, tmp_path / "a.pt")
    assert describe(tmp_path / "a.pt")["sparsity"] is None
