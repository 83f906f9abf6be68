"""The installed program, started under a real X server as a process of its own and driven from outside."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from graftwork.analysis.workspace import Workspace

pytestmark = pytest.mark.skipif(not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool")

RECIPE = Path(__file__).resolve().parents[2] / "assets" / "demo" / "digits.toml"
PATIENCE = 150.0


@pytest.fixture
def display(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Start an X server on a free display, of a size if one is asked for; give the environment of its programs."""
    size = getattr(request, "param", "1480x940")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as stream:
        number = stream.readline().strip()
    environment = {key: value for key, value in os.environ.items() if key != "QT_QPA_PLATFORM"}
    yield environment | {"DISPLAY": f":{number}", "OMP_NUM_THREADS": "1"}
    server.terminate()
    server.wait(10)


@pytest.fixture
def program(display: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the demo in its window."""
    with _started(display, tmp_path, "demo", "-w", str(tmp_path / "demo.graft")) as process:
        yield process


@contextmanager
def _started(environment: dict[str, str], folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "graftwork", *arguments]
    process = subprocess.Popen(command, env=environment, cwd=folder, start_new_session=True)
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def _tool(display: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(["xdotool", *arguments], env=display, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _done(folder: Path) -> int:
    if not (folder / "workspace.db").is_file():
        return 0
    with Workspace.open(folder, read_only=True) as workspace:
        return len(workspace.trials("done"))


def _wait_for(what: str, ready: object, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while not ready():  # type: ignore[operator]
        assert process.poll() is None, f"the program ended with {process.returncode} before {what}"
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.2)


@pytest.mark.heavy("the program under a real X server, driven from outside")
@pytest.mark.timeout(400)
def test_the_demo_runs_is_stopped_resumed_and_quits(
    display: dict[str, str], program: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "demo.graft"
    _wait_for("its window", lambda: _tool(display, "search", "--name", "demo.graft"), program)
    _wait_for("the first trials", lambda: _done(folder) >= 2, program)

    _tool(display, "search", "--name", "demo.graft", "windowfocus", "--sync", "key", "ctrl+period")
    time.sleep(2)
    stopped = _done(folder)
    time.sleep(3)
    assert _done(folder) == stopped, "Ctrl+. did not stop the run"
    with Workspace.open(folder, read_only=True) as workspace:
        assert workspace.trials("pending")

    _tool(display, "search", "--name", "demo.graft", "windowfocus", "--sync", "key", "ctrl+q")
    assert program.wait(30) == 0
    with Workspace.open(folder) as workspace:
        assert workspace.check() == []
        assert not workspace.trials("running")


@pytest.mark.heavy("the program under a real X server, driven from outside")
@pytest.mark.timeout(400)
@pytest.mark.parametrize("display", ["1024x700"], indirect=True)
def test_a_checkpoint_of_a_long_name_opens_on_a_small_screen(display: dict[str, str], tmp_path: Path) -> None:
    name = "n" * 180
    shutil.copy(RECIPE.parent / "digits-resnet8.safetensors", tmp_path / f"{name}.safetensors")
    folder = tmp_path / f"{name}.graft"
    with _started(display | {"QT_SCALE_FACTOR": "2"}, tmp_path, f"{name}.safetensors") as program:
        _wait_for("its window", lambda: _tool(display, "search", "--name", "nnn.graft"), program)
        _wait_for("the model", lambda: _done(folder) == 1, program)
        time.sleep(1)  # until it is shown
        where = _tool(display, "search", "--name", "nnn.graft", "getwindowgeometry", "--shell")
        sides = dict(line.split("=") for line in where.splitlines())
        assert int(sides["WIDTH"]) <= 1024
        assert int(sides["HEIGHT"]) <= 700
        _tool(display, "search", "--name", "nnn.graft", "windowfocus", "--sync", "key", "ctrl+q")
        assert program.wait(30) == 0
    with Workspace.open(folder) as workspace:
        assert [model.name for model in workspace.models()] == [name]
