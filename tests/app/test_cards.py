"""The card command on a measured workspace, without a worker process."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from graftwork.analysis.models import open_checkpoint
from graftwork.app import runtime
from graftwork.app.cli import app, run_command
from graftwork.app.main import COMMANDS


@pytest.fixture
def home(measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, still_worker: Any) -> Path:
    @contextmanager
    def one_worker() -> Iterator[Any]:
        yield still_worker

    monkeypatch.setattr(runtime, "one_worker", one_worker)
    return shutil.copytree(measured, tmp_path / "small.graft")


def test_markdown_has_lineage_numbers_and_measures(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["card", "resnet8/magnitude-0.7", "-w", str(home)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("---\n")
    assert "| resnet8/magnitude-0.7 | prune.magnitude | " in text
    assert "amount = 0.7" in text
    assert "70 % of the weights" in text or "70." in text
    assert "| accuracy |" in text


def test_json_has_the_files_figures(home: Path, tmp_path: Path) -> None:
    assert run_command(["card", "resnet8", "-w", str(home), "-o", str(tmp_path / "card.json")]) == 0
    card = json.loads((tmp_path / "card.json").read_text())
    checkpoint = open_checkpoint(Path(__file__).parents[2] / "assets" / "demo" / "digits-resnet8.safetensors")
    trained = [checkpoint.tensor(n) for n in checkpoint.specs if "running" not in n and "batches" not in n]
    squares = sum(float(tensor.double().square().sum()) for tensor in trained)
    assert card["norm"]["l2"] == pytest.approx(squares**0.5)
    assert card["norm"]["largest"] == max(float(tensor.abs().max()) for tensor in trained)
    assert card["lineage"][-1]["identity"] == card["identity"] == card["content"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["resnet9"], "Did you mean 'resnet8'?"),
        (["resnet8", "-o", "card.txt"], "neither .md nor .json"),
    ],
)
def test_bad_input_gets_one_sentence(
    arguments: list[str], said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["card", *arguments, "-w", str(home)]) == 2
    assert said in capsys.readouterr().err


def test_a_model_without_its_file_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in (home / "checkpoints").iterdir():
        file.unlink()
    assert run_command(["card", "resnet8/magnitude-0.3", "-w", str(home)]) == 2
    assert "is not there" in capsys.readouterr().err


def test_the_program_knows_its_commands_from_workspaces() -> None:
    registered = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    groups = {group.name for group in app.registered_groups}
    assert set(COMMANDS) == registered | groups
