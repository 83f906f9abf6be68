"""The development script says what is missing, and installs it where it may."""

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def dev() -> ModuleType:
    """Return the script as a module of its own, so that a test may change it."""
    spec = importlib.util.spec_from_file_location("dev_under_test", ROOT / "packaging" / "dev.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def calls(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Run nothing; return what would have run."""
    kept: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        kept.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(dev.subprocess, "run", run)
    monkeypatch.setattr(dev.sys, "platform", "linux")
    monkeypatch.setattr(dev.shutil, "which", lambda name: f"/usr/bin/{name}")
    return kept


@pytest.fixture
def fresh(dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the script at a folder with nothing installed; return where its .venv goes."""
    monkeypatch.setattr(dev, "HOME", tmp_path / ".venv")
    monkeypatch.setattr(dev, "STAMP", tmp_path / ".venv" / "installed")
    monkeypatch.setattr(dev, "_missing_packages", lambda tests: [])
    return tmp_path / ".venv"


def test_a_missing_library_is_found(dev: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "QT", {"libnothing-of-this-name.so.7": "libnothing7", "libc.so.6": "libc6"})
    assert "libnothing7" in dev._missing_packages(tests=True)
    assert "libc6" not in dev._missing_packages(tests=True)


def test_without_root_one_line_says_what_to_do(
    dev: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev.os, "geteuid", lambda: 1000)
    assert dev._install_packages(["libegl1", "xvfb"]) != 0
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "sudo apt-get install -y --no-install-recommends libegl1 xvfb" in said
    assert calls == []


def test_root_installs(dev: ModuleType, calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev.os, "geteuid", lambda: 0)
    assert dev._install_packages(["libegl1"]) == 0
    assert [command[:2] for command in calls] == [["apt-get", "update"], ["apt-get", "install"]]


def test_a_second_setup_installs_nothing(dev: ModuleType, calls: list[list[str]], fresh: Path) -> None:
    fresh.mkdir()
    assert dev.setup([]) == 0
    assert any("--constraint" in command for command in calls)
    calls.clear()
    assert dev.setup([]) == 0
    assert not any("--constraint" in command for command in calls)


def test_only_the_tests_need_what_they_need(dev: ModuleType, calls: list[list[str]], fresh: Path) -> None:
    def installed() -> list[str]:
        found = [command[-1] for command in calls if "--constraint" in command]
        calls.clear()
        return found

    fresh.mkdir()
    assert dev.setup([]) == 0
    assert installed() == [str(dev.ROOT)]
    assert dev.setup([], tests=True) == 0
    assert installed() == [f"{dev.ROOT}[test]"]
    assert dev.setup([]) == dev.setup([], tests=True) == 0
    assert installed() == []


def test_a_broken_environment_is_made_anew(
    dev: ModuleType, calls: list[list[str]], fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.mkdir()
    (fresh / "left over").touch()
    monkeypatch.setattr(dev, "_works", lambda: False)
    monkeypatch.setattr(dev, "_install", lambda _: 1)
    assert dev.setup([]) == 1
    assert not (fresh / "left over").exists()
    assert [dev.sys.executable, "-m", "venv", str(fresh)] in calls


@pytest.mark.parametrize(("display", "wanted"), [(":0", ["demo"]), ("", ["demo", "--headless"])])
def test_the_demo_needs_no_display(
    dev: ModuleType,
    calls: list[list[str]],
    fresh: Path,
    monkeypatch: pytest.MonkeyPatch,
    display: str,
    wanted: list[str],
) -> None:
    fresh.mkdir()
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert dev.demo([]) == 0
    assert calls[-1][1:] == wanted


def test_a_wrong_command_is_refused(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev.sys, "argv", ["dev.py", "dmeo"])
    assert dev.main() == 2
    assert "packaging/dev.py demo" in capsys.readouterr().out
