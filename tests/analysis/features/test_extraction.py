"""Extraction: columns against a plain loop, interruption, and what it leaves behind."""

import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from graftwork.analysis.data import DataSet, open_data
from graftwork.analysis.data.normalise import Normalisation
from graftwork.analysis.data.source import InputKind
from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.features import Run, choose_taps, extract, layer_shapes, layer_tree
from graftwork.analysis.features.store import Columns, read_column, write_columns
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.models import Architecture, Checkpoint, open_checkpoint
from graftwork.analysis.trials import DataSpec, FeatureSpec

DEMO = Path(__file__).resolve().parents[3] / "assets" / "demo"
NEEDS = ("features", "logits", "stages")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return open_checkpoint(DEMO / "digits-resnet8.safetensors")


@pytest.fixture(scope="module")
def data() -> DataSet:
    return open_data(DataSpec(name="test", path="digits", content="digits", normalise="digits", limit=150))


def _extract(checkpoint: Checkpoint, data: DataSet, path: Path, ticket: Quiet | None = None) -> Path:
    assert checkpoint.architecture is not None
    run = Run(checkpoint.network(), checkpoint.architecture, NEEDS, path)
    extract([run], data, CPU, ticket or Quiet(), batch=32)
    return path


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
    time.sleep(1.1)  # HDF5 keeps times to the second, and none may show
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
    run = Run(network, architecture, NEEDS, tmp_path / "a.h5")
    with pytest.raises(Cancelled):
        extract([run], data, CPU, Quiet(stop=lambda: True))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool", "S5"])
def test_columns_of_every_kind_come_back(dtype: str, tmp_path: Path) -> None:
    values = np.arange(6).astype(dtype).reshape(3, 2)
    write_columns(tmp_path / "a.h5", {"a.b": values})
    np.testing.assert_array_equal(read_column(tmp_path / "a.h5", "a.b"), values)


class Stopping(Quiet):
    """Cancels after so many batches."""

    def __init__(self, batches: int) -> None:
        super().__init__(stop=lambda: len(self.seen) >= batches)


def runs_of(checkpoints: list[Checkpoint], folder: Path, needs: tuple[str, ...] = NEEDS) -> list[Run]:
    runs = []
    for number, checkpoint in enumerate(checkpoints):
        assert checkpoint.architecture is not None
        runs.append(Run(checkpoint.network(), checkpoint.architecture, needs, folder / f"{number}.h5"))
    return runs


def test_several_networks_share_a_pass_and_each_goes_on_where_it_was(
    checkpoint: Checkpoint, data: DataSet, tmp_path: Path
) -> None:
    other = open_checkpoint(DEMO / "digits-vit.safetensors")
    alone = [_extract(one, data, tmp_path / f"alone{n}.h5") for n, one in enumerate((checkpoint, other))]
    with pytest.raises(Cancelled):
        extract(runs_of([checkpoint], tmp_path), data, CPU, Stopping(3), batch=32)
    ticket = Quiet()
    extract(runs_of([checkpoint, other], tmp_path), data, CPU, ticket, batch=32)
    assert [done for done, *_ in ticket.seen] == [32, 64, 96, 128, 150]  # the data were read once
    for number, path in enumerate(alone):
        assert (tmp_path / f"{number}.h5").read_bytes() == path.read_bytes()


def test_any_layer_is_kept_as_asked(checkpoint: Checkpoint, data: DataSet, tmp_path: Path) -> None:
    spec = FeatureSpec(pool="flatten", dtype="float16")
    needs = ("logits", "layer2.0.conv1", "kind:Linear", "layer3.*.bn2")
    (run,) = runs_of([checkpoint], tmp_path, needs)
    extract([run], data, CPU, Quiet(), spec)
    columns = Columns(run.path)
    assert set(columns) == {"logits", "at:layer2.0.conv1", "at:linear", "at:layer3.0.bn2"}
    assert columns["logits"].dtype == np.float32
    kept = columns["at:layer2.0.conv1"]
    assert kept.dtype == np.float16
    network: Any = checkpoint.network()
    with torch.inference_mode():
        x = next(iter(data.batches(150)))
        x = network.layer1(torch.relu(network.bn1(network.conv1(x))))
        expected = network.layer2[0].conv1(x).flatten(1)
    np.testing.assert_allclose(kept, expected, atol=2e-3, rtol=2e-3)


class Growing(nn.Module):
    """Gives each sample's number times its first pixel, so that later ones are larger."""

    def __init__(self, factor: float, most: int = 10**9) -> None:
        super().__init__()
        self.factor, self.most = factor, most
        self.batches: list[int] = []
        self.head = nn.Linear(1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.batches.append(len(x))
        if len(x) > self.most:
            raise torch.OutOfMemoryError("too much")
        out: torch.Tensor = self.head(x.flatten(1)[:, :1] * self.factor)
        return out


class Counting:
    """A data set of the numbers 0, 1, 2 …"""

    kind: InputKind = "numbers"
    classes: tuple[str, ...] = ("a", "b")
    further: Mapping[str, NDArray[Any]] = {}
    pad: int | None = None
    remarks: Sequence[str] = ()
    labels = np.zeros(100, np.int64)
    names: tuple[str, ...] = ("x",) * 100
    normalisation = Normalisation()

    def __len__(self) -> int:
        return 100

    def batches(self, size: int, start: int = 0) -> Any:
        for first in range(start, 100, size):
            yield torch.arange(first, min(first + size, 100), dtype=torch.float32)[:, None, None, None]

    def take(self, samples: np.ndarray) -> torch.Tensor:
        raise NotImplementedError

    def pictures(self, samples: np.ndarray) -> np.ndarray:
        raise NotImplementedError


def toy(network: nn.Module, path: Path, *needs: str) -> Run:
    return Run(network, Architecture("toy", "Toy", {}, 2, (1, 1, 1), "head", ()), needs, path)


@pytest.mark.parametrize(
    ("factor", "dtype", "begun"),
    [(1.0, np.float16, 1), (1e-7, np.float32, 1), (1000.0, np.float32, 2)],  # the last one: 4000 fits, 99000 does not
)
def test_the_number_type_follows_the_range(factor: float, dtype: type, begun: int, tmp_path: Path) -> None:
    network = Growing(factor).eval()
    nn.init.ones_(network.head.weight)
    nn.init.zeros_(network.head.bias)
    run = toy(network, tmp_path / "a.h5", "logits", "head")
    ticket = Quiet()
    extract([run], Counting(), CPU, ticket, FeatureSpec(dtype="auto"), batch=5)
    columns = Columns(run.path)
    assert columns["at:head"].dtype == dtype
    assert [done for done, *_ in ticket.seen].count(5) == begun
    np.testing.assert_allclose(columns["at:head"][:, 0], factor * np.arange(100), rtol=1e-3)


def test_float16_that_is_too_small_is_refused(tmp_path: Path) -> None:
    run = toy(Growing(1e9).eval(), tmp_path / "a.h5", "head")
    with pytest.raises(UserError, match="too large for float16"):
        extract([run], Counting(), CPU, Quiet(), FeatureSpec(dtype="float16"), batch=10)


def test_a_batch_that_does_not_fit_is_halved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    network = Growing(1.0, most=20).eval()
    extract([toy(network, tmp_path / "a.h5", "logits")], Counting(), CPU, Quiet(), batch=64)
    assert network.batches == [64, 32, *[16] * 6, 4]
    assert Columns(tmp_path / "a.h5")["logits"].shape == (100, 2)
    with pytest.raises(UserError, match="Not even one sample"):
        extract([toy(Growing(1.0, most=0), tmp_path / "b.h5", "logits")], Counting(), CPU, Quiet(), batch=4)


def test_a_full_disk_is_seen_before_anything_is_written(
    checkpoint: Checkpoint, data: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=70 << 20))
    extract(runs_of([checkpoint], tmp_path), data, CPU, Quiet())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=64 << 20))
    run = replace(runs_of([checkpoint], tmp_path)[0], path=tmp_path / "b.h5")
    with pytest.raises(UserError, match=r"need 0\.07 GB, and 0\.07 GB are free"):
        extract([run], data, CPU, Quiet())
    assert {path.name for path in tmp_path.iterdir()} == {"0.h5"}


@pytest.mark.parametrize(
    ("entry", "said"),
    [("layer9", "Did you mean 'layer"), ("layer9.*", "fits"), ("kind:Conv3d", "Did you mean 'Conv2d'")],
)
def test_a_layer_that_is_not_there(entry: str, said: str, checkpoint: Checkpoint) -> None:
    assert checkpoint.architecture is not None
    with pytest.raises(UserError, match=re.escape(said)):
        choose_taps(checkpoint.network(), checkpoint.architecture, [entry])


def test_the_layer_tree(checkpoint: Checkpoint) -> None:
    tree = {layer.name: layer for layer in layer_tree(checkpoint.network())}
    assert tree["layer1.0.conv1"].kind == "Conv2d"
    assert tree["layer1"].parameters == sum(tree[f"layer1.0.{n}"].parameters for n in ("conv1", "bn1", "conv2", "bn2"))


def test_shapes_are_those_of_a_real_pass(checkpoint: Checkpoint) -> None:
    architecture, skeleton = checkpoint.architecture, checkpoint.skeleton()
    assert architecture is not None
    assert skeleton is not None
    found = layer_shapes(skeleton, architecture)
    network = checkpoint.network()
    stem = network.get_submodule("conv1")(architecture.example(1))
    assert found["conv1"] == tuple(stem.shape[1:])
    assert found["linear"] == (architecture.classes,)
    assert {layer.name for layer in layer_tree(skeleton, found) if layer.shape is None} <= {
        name for name, module in network.named_modules() if not list(module.parameters())
    }


def test_a_network_that_refuses_its_example_has_the_shapes_before_that(checkpoint: Checkpoint) -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.Linear(7, 2))
    assert checkpoint.architecture is not None
    example = replace(checkpoint.architecture, input_shape=(3, 8, 8))
    assert layer_shapes(network, example) == {"0": (4, 8, 8)}
    assert not network[0]._forward_hooks
