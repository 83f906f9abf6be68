"""Targets that cannot be written, exports that are interrupted: one sentence, and nothing is left."""

import errno
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from graftwork.analysis.atomic import PARTIAL
from graftwork.analysis.errors import Cancelled, UserError
from graftwork.analysis.exporting import target as targets
from graftwork.analysis.exporting.choice import Choice
from graftwork.analysis.exporting.export import export
from graftwork.analysis.exporting.origin import of_file
from graftwork.analysis.jobs.protocol import Quiet
from graftwork.analysis.models import open_checkpoint

from .conftest import Changed, Send

SUFFIXES = (".safetensors", ".pth", ".pt2")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_there_stays(suffix: str, changed: Changed, send: Send, tmp_path: Path) -> None:
    (tmp_path / f"a{suffix}").write_text("mine")
    with pytest.raises(UserError, match="is there already"):
        send(changed("mlp", "plain"), tmp_path / f"a{suffix}")
    assert (tmp_path / f"a{suffix}").read_text() == "mine"


def test_a_link_is_not_followed(changed: Changed, send: Send, tmp_path: Path) -> None:
    (tmp_path / "mine.pth").write_text("mine")
    (tmp_path / "a.pth").symlink_to(tmp_path / "mine.pth")
    with pytest.raises(UserError, match="is there already"):
        send(changed("mlp", "plain"), tmp_path / "a.pth", overwrite=True)
    assert (tmp_path / "mine.pth").read_text() == "mine"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("why", [errno.ENOSPC, errno.EACCES])
def test_a_full_or_closed_disk_is_told(
    why: int, suffix: str, changed: Changed, send: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be written out to the disk is refused as late as that."""

    def full(path: Path) -> None:
        raise OSError(why, "no room", str(path))

    monkeypatch.setattr(targets, "sync", full)
    with pytest.raises(UserError, match=r"cannot be written: no room\. Choose another place"):
        send(changed("mlp", "plain"), tmp_path / f"a{suffix}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".pth", ".pt2"])
def test_a_writer_that_runs_out_of_room_is_told(
    suffix: str, changed: Changed, send: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: Callable[..., Any] = Path.open

    def full(path: Path, mode: str = "r", *more: Any, **options: Any) -> Any:
        return (
            opened(Path("/dev/full"), "wb", buffering=0)
            if path.name.endswith(PARTIAL)
            else opened(path, mode, *more, **options)
        )

    if not Path("/dev/full").exists():
        pytest.skip("needs a device that is always full")
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(UserError, match="cannot be written"):
        send(changed("mlp", "plain"), tmp_path / f"a{suffix}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("step", [0, 1])
def test_an_interrupted_export_leaves_nothing(step: int, suffix: str, changed: Changed, tmp_path: Path) -> None:
    ticket = Quiet()
    ticket.stop = lambda: len(ticket.seen) > step
    model = changed("mlp", "plain")
    with pytest.raises(Cancelled):
        export(model, tmp_path / f"a{suffix}", Choice(), of_file(model.path, "0"), ticket)
    assert not list(tmp_path.iterdir())


@pytest.mark.heavy("networks of transformers are built, and loaded again")
def test_an_interrupted_folder_leaves_nothing(changed: Changed, tmp_path: Path) -> None:
    ticket = Quiet()
    ticket.stop = lambda: any("model" in note for _, _, note in ticket.seen)
    model = changed("llama", "plain")
    with pytest.raises(Cancelled):
        export(model, tmp_path / "a", Choice(), of_file(model.path, "0"), ticket)
    assert not list(tmp_path.iterdir())


@pytest.mark.heavy("networks of transformers are built, and loaded again")
def test_a_folder_in_shards_takes_the_place_of_another(changed: Changed, send: Send, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old").write_text("old")
    model = changed("llama", "plain")
    with pytest.raises(UserError, match="is there already"):
        send(model, tmp_path / "a")
    send(model, tmp_path / "a", shard_size=100_000, overwrite=True)
    index = json.loads((tmp_path / "a" / "model.safetensors.index.json").read_text())
    files = {path.name for path in (tmp_path / "a").glob("*.safetensors")}
    assert len(files) > 2
    assert files == set(index["weight_map"].values())
    assert not (tmp_path / "a" / "old").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    found = open_checkpoint(tmp_path / "a")
    assert all(torch.equal(found.tensor(name), model.tensor(name)) for name in model.specs)


def test_what_computes_something_else_gets_no_name(
    changed: Changed, send: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from graftwork.analysis.exporting import state_dict

    model = changed("mlp", "plain")
    other = model.network()
    torch.nn.init.normal_(next(other.parameters()))
    monkeypatch.setattr(state_dict, "opened", lambda *_: other)
    with pytest.raises(UserError, match="computes something else"):
        send(model, tmp_path / "a.pth")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(find_spec("onnxscript") is not None, reason="onnxscript is installed")
def test_onnx_says_what_it_needs(changed: Changed, send: Send, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ONNX files need .*pip install 'graftwork\[onnx\]'"):
        send(changed("mlp", "plain"), tmp_path / "a.onnx")


@pytest.mark.heavy("a graph is written by a large library")
@pytest.mark.skipif(find_spec("onnxscript") is None or find_spec("onnx") is None, reason="needs onnx and onnxscript")
@pytest.mark.parametrize("change", ["plain", "factored", "packed"])
def test_onnx_computes_the_same(change: str, changed: Changed, send: Send, tmp_path: Path) -> None:
    assert send(changed("mlp", change), tmp_path / "a.onnx")["difference"] <= 1e-5
