"""Extraction: columns against a plain loop, interruption, and what it leaves behind."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graftwork.analysis.data import DataSet, open_data
from graftwork.analysis.errors import Cancelled
from graftwork.analysis.features import extract
from graftwork.analysis.features.store import read_column, write_columns
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.models import Checkpoint, open_checkpoint
from graftwork.analysis.trials import DataSpec

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
NEEDS = ["features", "logits", "stages"]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return open_checkpoint(DEMO / "digits-resnet8.safetensors")


@pytest.fixture(scope="module")
def data() -> DataSet:
    return open_data(DataSpec(name="test", path="digits", content="digits", normalise="digits", limit=150))


def _extract(checkpoint: Checkpoint, data: DataSet, path: Path, ticket: Quiet | None = None) -> Path:
    assert checkpoint.architecture is not None
    return extract(checkpoint.network(), checkpoint.architecture, data, NEEDS, path, CPU, ticket or Quiet(), batch=32)


def test_columns_equal_a_plain_loop(checkpoint: Checkpoint, data: DataSet, tmp_path: Path) -> None:
    path = _extract(checkpoint, data, tmp_path / "a.h5")
    network: Any = checkpoint.network()
    with torch.inference_mode():
        batches = list(data.batches(32))
        logits = torch.cat([network(batch) for batch in batches])
        hidden = [torch.relu(network.bn1(network.conv1(batch))) for batch in batches]
        for number in (1, 2, 3):
            hidden = [getattr(network, f"layer{number}")(h) for h in hidden]
            stage = torch.cat([h.mean((2, 3)) for h in hidden])
            np.testing.assert_allclose(read_column(path, f"stage{number}"), stage, atol=1e-5)
    np.testing.assert_allclose(read_column(path, "logits"), logits, atol=1e-5)
    np.testing.assert_allclose(read_column(path, "features"), stage, atol=1e-5)


def test_an_interrupted_run_goes_on_and_ends_with_the_same_bytes(
    checkpoint: Checkpoint, data: DataSet, tmp_path: Path
) -> None:
    whole = _extract(checkpoint, data, tmp_path / "whole.h5")
    stopping = Quiet()
    stopping.stop = lambda: len(stopping.seen) >= 2
    with pytest.raises(Cancelled):
        _extract(checkpoint, data, tmp_path / "parts.h5", stopping)
    assert not (tmp_path / "parts.h5").exists()
    going_on = Quiet()
    parts = _extract(checkpoint, data, tmp_path / "parts.h5", going_on)
    assert going_on.seen[0][0] > 32, "it began again at the first sample"
    assert parts.read_bytes() == whole.read_bytes()
    assert {p.name for p in tmp_path.iterdir()} == {"whole.h5", "parts.h5"}


def test_hooks_are_gone_after_an_error(checkpoint: Checkpoint, data: DataSet, tmp_path: Path) -> None:
    network = checkpoint.network()
    architecture = checkpoint.architecture
    assert architecture is not None
    with pytest.raises(Cancelled):
        extract(network, architecture, data, NEEDS, tmp_path / "a.h5", CPU, Quiet(stop=lambda: True))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool", "S5"])
def test_columns_of_every_kind_come_back(dtype: str, tmp_path: Path) -> None:
    values = np.arange(6).astype(dtype).reshape(3, 2)
    write_columns(tmp_path / "a.h5", {"a.b": values})
    np.testing.assert_array_equal(read_column(tmp_path / "a.h5", "a.b"), values)
