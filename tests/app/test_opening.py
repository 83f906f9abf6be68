"""What a person opens by name: told from one another, or refused in a sentence."""

import os
import socket
from pathlib import Path

import pytest

from graftwork.analysis.errors import UserError
from graftwork.app import main as program
from graftwork.app.display import check_display
from graftwork.app.opening import kind_of, opening

FILES = {
    "net.pth": "checkpoints",
    "NET.SAFETENSORS": "checkpoints",
    "model_best.pth.tar": "checkpoints",
    "model.safetensors.index.json": "checkpoints",
    "cut.toml": "recipe",
    "rows.csv": "data",
    "images.zip": "data",
    "runs/a/last.pt": "checkpoints",
    "bert/config.json": "checkpoints",
    "images/cat/1.png": "data",
    "mine.graft/workspace.db": "workspace",
    "plain/workspace.db": "workspace",
}


@pytest.mark.parametrize(("file", "kind"), FILES.items())
def test_each_kind_is_told(tmp_path: Path, file: str, kind: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert kind_of(tmp_path / Path(file).parts[0]) == kind


@pytest.mark.parametrize("name", ["new.graft", "new", "empty"])
def test_what_is_not_there_yet_is_a_workspace(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    assert kind_of(tmp_path / name) == "workspace"


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["none.pth"], "There is no file"),
        (["none.csv"], "There is no file"),
        (["notes.odt"], "cannot be opened"),
        (["letters"], "There is no checkpoint in"),
        (["a.pth", "r.toml"], "several kinds"),
        (["r.toml", "s.toml"], "Only one recipe"),
    ],
)
def test_what_cannot_be_opened_is_refused_before_any_window(
    tmp_path: Path,
    names: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "letters").mkdir()
    for name in ("notes.odt", "letters/a.doc", "a.pth", "r.toml", "s.toml"):
        (tmp_path / name).touch()
    paths = [tmp_path / name for name in names]
    with pytest.raises(UserError, match=sentence):
        opening(paths)
    monkeypatch.setattr("sys.argv", ["graftwork", *map(str, paths)])
    assert program.main() == 2
    assert sentence in capsys.readouterr().err


def test_a_workspace_is_made_beside_the_work(tmp_path: Path) -> None:
    for name in ("net.pth", "model_best.pth.tar"):
        (tmp_path / name).touch()
    assert opening([tmp_path / "net.pth"]).workspace(Path("/home/me")) == Path("/home/me/net.graft")
    assert opening([tmp_path / "model_best.pth.tar"]).workspace(Path("/home/me")) == Path("/home/me/model_best.graft")
    assert opening([tmp_path / "old.graft"]).workspace(Path("/home/me")) == tmp_path / "old.graft"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"DISPLAY": ""},
        {"QT_QPA_PLATFORM": "xcb"},
        {"QT_QPA_PLATFORM": "wayland-egl", "DISPLAY": ""},
        {"DISPLAY": ":61234"},
        {"DISPLAY": "unix:61234.0"},
    ],
)
def test_without_a_display_there_is_one_sentence(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="display"):
        check_display(environment, "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["graftwork"])
    assert program.main() == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("environment", "platform"),
    [
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux"),
        ({"QT_QPA_PLATFORM": "minimal:x"}, "linux"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux"),
        ({"DISPLAY": "elsewhere:10.0"}, "linux"),
        ({}, "darwin"),
        ({}, "win32"),
    ],
)
def test_a_window_may_be_shown(environment: dict[str, str], platform: str) -> None:
    check_display(environment, platform)


def test_a_display_that_listens_is_one() -> None:
    number = 50_000 + os.getpid() % 10_000
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0/tmp/.X11-unix/X{number}")
        server.listen()
        check_display({"DISPLAY": f":{number}.0"}, "linux")
