"""The export command, on a workspace and on files, without a worker process."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from shiboken6 import isValid

from graftwork.analysis.models import open_checkpoint
from graftwork.app import runtime
from graftwork.app.cli import run_command
from graftwork.app.main import COMMANDS

DEMO = Path(__file__).parents[2] / "assets" / "demo"


@pytest.fixture
def home(measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, still_worker: Any) -> Path:
    @contextmanager
    def one_worker() -> Iterator[Any]:
        yield still_worker

    monkeypatch.setattr(runtime, "one_worker", one_worker)
    return shutil.copytree(measured, tmp_path / "small.graft")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_a_model_of_a_workspace_leaves_with_its_lineage(
    home: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run_command(["export", "low+middle+high/merged", "-w", str(home), "-o", str(out / "a.safetensors"), "--json"])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["compared"] == "outputs"
    lineage = open_checkpoint(out / "a.safetensors").metadata["graftwork"]["lineage"]
    assert [made["name"] for made in lineage] == ["low", "middle", "high", "low+middle+high/merged"]
    assert lineage[-1]["method"] == "merge.linear"
    assert run_command(["inspect", str(out / "a.safetensors")]) == 0
    assert "merge.linear" in capsys.readouterr().out


def test_a_file_leaves_without_a_workspace(home: Path, out: Path) -> None:
    assert run_command(["export", str(DEMO / "digits-resnet8.safetensors"), "-o", str(out / "a.pth")]) == 0
    state = torch.load(out / "a.pth", weights_only=True)
    model = open_checkpoint(DEMO / "digits-resnet8.safetensors")
    assert all(torch.equal(state[name], model.tensor(name)) for name in model.specs)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["resnet9", "-o", "a.pth"], "Did you mean 'resnet8'?"),
        (["resnet8", "-o", "a.gguf"], "not exported as '.gguf'"),
        (["resnet8", "-o", "there.pth"], "is there already"),
        (["resnet8", "-o", "none/a.pth"], "There is no folder"),
        (["resnet8", "-o", "folder"], "No config.json says"),
        (["resnet8", "-o", "a.pth", "--shard-size", "many"], "no amount"),
    ],
)
def test_bad_input_gets_one_sentence(
    arguments: list[str], said: str, home: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "there.pth").write_text("mine")
    placed = [
        str(out / text) if before == "-o" else text for before, text in zip(["", *arguments], arguments, strict=False)
    ]
    assert run_command(["export", *placed, "-w", str(home)]) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["there.pth"]
    assert (out / "there.pth").read_text() == "mine"


def test_what_is_there_goes_if_that_is_said(home: Path, out: Path) -> None:
    (out / "a.pth").write_text("old")
    assert run_command(["export", "resnet8", "-w", str(home), "-o", str(out / "a.pth"), "--overwrite"]) == 0
    assert open_checkpoint(out / "a.pth").architecture is not None


def test_the_command_is_known() -> None:
    assert "export" in COMMANDS


def test_the_window_exports_what_is_looked_at(
    window: Any, home: Path, out: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch, still_worker: Any
) -> None:
    from graftwork.app.export_dialog import ExportDialog

    window.open_workspace(home)
    qtbot.waitUntil(lambda: window.session is not None and bool(window.session.snapshot.models))
    session = window.session
    session.look("look at a model", primary=session.snapshot.models[0].identity)
    monkeypatch.setattr(session.engine, "ask", still_worker.submit, raising=False)
    assert window.commands.run("model.export")
    dialog = window.findChild(ExportDialog)
    dialog.target.setText(str(out / "a.safetensors"))
    dialog.format.setCurrentIndex(dialog.format.findData(".pth"))
    assert dialog.target.text() == str(out / "a.pth")
    (out / "a.pth").write_text("mine")
    dialog.run.click()
    assert "is there already" in dialog.problem.text()
    dialog.overwrite.setChecked(True)
    dialog.run.click()
    qtbot.waitUntil(lambda: not isValid(dialog) or not dialog.isVisible())
    assert [path.name for path in out.iterdir()] == ["a.pth"]
    assert open_checkpoint(out / "a.pth").architecture is not None
    qtbot.waitUntil(session.idle)
