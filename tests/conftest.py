"""What every test gets: no screen, folders of its own, and a look at what it leaves running."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from hypothesis import settings
from psygnal import Signal
from pytestqt.qtbot import QtBot

from graftwork.analysis.errors import UserError

from .executing import carry_out

settings.register_profile("shared machines", deadline=None)  # a slow example is no failure
settings.load_profile("shared machines")
for wait in (QtBot.waitSignal, QtBot.waitSignals, QtBot.waitUntil, QtBot.waitCallback):
    wait.__kwdefaults__ = {**(wait.__kwdefaults__ or {}), "timeout": 60_000}  # nor is a slow answer

pytest_plugins = ["tests.work"]
ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """Give processes that share the cores one thread each, before they begin: numpy asks when it is loaded."""
    if config.getoption("numprocesses", None):
        os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let what measures a time come last; where tests run side by side, leave it to a run of its own."""
    timed = [item for item in items if item.get_closest_marker("timing")]
    others = [item for item in items if item not in timed]
    alone = not hasattr(config, "workerinput")
    items[:] = [*others, *timed] if alone else others


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of published checkpoints and images beside the clone; skips where there is none."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip(f"needs the published checkpoints in {folder}")
    return folder


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that every test of the session caches in; what is compiled once is compiled for all."""
    return tmp_path_factory.mktemp("cache")


RECIPE = """
title = "A small one"
seeds = [0]
[[model]]
name = "resnet8"
path = "digits-resnet8.safetensors"
[[model]]
name = "low"
path = "digits-resnet14-low.safetensors"
[[model]]
name = "middle"
path = "digits-resnet14-middle.safetensors"
[[model]]
name = "high"
path = "digits-resnet14-high.safetensors"
[[data]]
name = "test"
path = "digits"
split = "test"
normalise = "digits"
limit = 100
[[step]]
name = "magnitude"
method = "prune.magnitude"
of = ["resnet8"]
amount = [0.3, 0.7]
[[step]]
name = "merged"
method = "merge.linear"
of = [["low", "middle", "high"]]
[measure]
data = "test"
what = ["accuracy", "loss", "cost.nominal", "geometry.margins"]
"""


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace with seven measured models, made in this process; tests work on copies."""
    from graftwork.analysis.workspace import Workspace

    home = tmp_path_factory.mktemp("measured") / "small.graft"
    with Workspace.create(home) as space:
        carry_out(space, RECIPE, ROOT / "assets" / "demo")
    return home


ANIMALS = """
title = "Other data"
[[model]]
name = "resnet8"
path = "digits-resnet8.safetensors"
[[model]]
name = "high"
path = "digits-resnet14-high.safetensors"
[[data]]
name = "animals"
path = "{folder}"
[measure]
data = "animals"
what = ["accuracy", "loss", "geometry.margins"]
"""


@pytest.fixture(scope="session")
def two_sets(measured: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the measured workspace with two of its models on a second data set: 24 pictures of 3 classes."""
    import numpy as np
    from PIL import Image

    from graftwork.analysis.workspace import Workspace

    folder, rng = tmp_path_factory.mktemp("two") / "animals", np.random.default_rng(0)
    for name in ("cat", "dog", "owl"):
        (folder / name).mkdir(parents=True)
        for number in range(8):
            Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(folder / name / f"{number}.png")
    home = shutil.copytree(measured, folder.parent / "two.graft")
    with Workspace.open(home) as space:
        carry_out(space, ANIMALS.format(folder=folder), ROOT / "assets" / "demo")
    return home


class StillWorker:
    """Answers on the spot, in this process; a layout is the first two features."""

    changed = Signal()

    def __init__(self) -> None:
        self.devices: dict[str, str] = {}
        self.asked: list[str] = []

    def submit(self, task: str, payload: Any = None, title: str = "") -> Future[Any]:
        self.asked.append(task)
        answer: Future[Any] = Future()
        try:
            answer.set_result(getattr(self, f"_{task}", partial(self._work, task))(payload))
        except UserError as error:
            answer.set_exception(error)
        return answer

    def close(self) -> None:
        self.asked.append("close")

    def _work(self, task: str, payload: Any) -> Any:
        import torch

        from graftwork.analysis.jobs.protocol import Quiet
        from graftwork.analysis.worker.tasks import TASKS, Desk

        return TASKS[task](Desk(torch.device("cpu")), payload or {}, Quiet())

    def _warm_up(self, _: Any) -> None:
        return None

    def _project(self, payload: Any) -> None:
        from graftwork.analysis.features.store import read_column, write_columns

        sign = -1 if payload["method"] == "umap" else 1
        layouts = [sign * read_column(Path(file), column)[:, :2] for file, column in payload["features"]]
        write_columns(Path(payload["target"]), {str(number): layout for number, layout in enumerate(layouts)})


class StillEngine:
    """Notes what it is told and runs nothing."""

    changed = Signal()
    refused = Signal(object)

    def __init__(self) -> None:
        self.executor = StillWorker()
        self.jobs: tuple[Any, ...] = ()
        self.running = False
        self.told: list[str] = []
        self.refusal: UserError | None = None

    def submit(self, recipe: str, folder: Path, source: str = "") -> Future[None]:
        self.told.append(recipe)
        outcome: Future[None] = Future()
        if self.refusal:
            self.refused.emit(self.refusal)
            outcome.set_exception(self.refusal)
        else:
            outcome.set_result(None)
        return outcome

    def resume(self) -> None:
        self.told.append("resume")

    def cancel(self) -> None:
        self.told.append("cancel")

    def close(self) -> None:
        self.told.append("close")


@pytest.fixture
def still_worker() -> StillWorker:
    """Return a worker that answers in this process."""
    return StillWorker()


@pytest.fixture
def attach() -> Callable[[Any], Any]:
    """Return what makes a session on an open workspace, with an engine and a desk that stand still."""
    from graftwork.analysis.session import Session

    return lambda space: Session(space, StillEngine(), StillWorker())  # type: ignore[arg-type]


@pytest.fixture
def session(measured: Path, tmp_path: Path, attach: Callable[[Any], Any]) -> Iterator[Any]:
    """Return a refreshed session on a copy of the measured workspace."""
    home = shutil.copytree(measured, tmp_path / "small.graft")
    yield from _open(home, attach)


@pytest.fixture
def two_session(two_sets: Path, tmp_path: Path, attach: Callable[[Any], Any]) -> Iterator[Any]:
    """Return a refreshed session on a copy of the workspace with two data sets."""
    yield from _open(shutil.copytree(two_sets, tmp_path / "two.graft"), attach)


@pytest.fixture
def empty_session(tmp_path: Path, attach: Callable[[Any], Any]) -> Iterator[Any]:
    """Return a session on a new workspace."""
    yield from _open(tmp_path / "empty.graft", attach)


def _open(home: Path, attach: Callable[[Any], Any]) -> Iterator[Any]:
    from graftwork.analysis.workspace import Workspace

    with Workspace.open_or_create(home) as space:
        opened = attach(space)
        opened.refresh()
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, caches: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings, data and caches out of the home folder."""
    home = tmp_path_factory.mktemp("home")
    for kind in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))


@pytest.fixture(autouse=True)
def nothing_left_running(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a running timer or thread, or an open window, and name it."""
    if "PySide6.QtCore" not in sys.modules:
        yield
        return
    from PySide6.QtCore import QThread, QTimer

    timers, threads = _remember_starts(monkeypatch, QTimer), _remember_starts(monkeypatch, QThread)
    before = set(map(id, _windows()))
    yield
    left = [f"window {window!r}" for window in _windows() if id(window) not in before]
    left += [f"timer started by {start}" for timer, start in timers.items() if _alive(timer) and timer.isActive()]
    left += [f"thread started by {start}" for thread, start in threads.items() if _alive(thread) and thread.isRunning()]
    if left:
        pytest.fail("the test left behind: " + "; ".join(left))


def _remember_starts(monkeypatch: pytest.MonkeyPatch, kind: type) -> WeakKeyDictionary[Any, str]:
    """Let every ``start`` of that kind of object note its caller; return the notes."""
    starts: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
    original: Callable[..., None] = kind.start  # type: ignore[attr-defined]

    def start(self: Any, *arguments: Any, **options: Any) -> None:
        caller = sys._getframe(1)
        starts[self] = f"{caller.f_code.co_filename}:{caller.f_lineno}"
        original(self, *arguments, **options)

    monkeypatch.setattr(kind, "start", start)
    return starts


def _windows() -> list[Any]:
    """Return every window, without those about to be deleted and the menus and dialogs that belong to another."""
    from PySide6.QtCore import QCoreApplication, QEvent
    from PySide6.QtWidgets import QApplication

    if not isinstance(QApplication.instance(), QApplication):
        return []
    for _ in range(2):  # what goes may take others with it
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return [widget for widget in QApplication.topLevelWidgets() if widget.parent() is None]


def _alive(thing: Any) -> bool:
    import shiboken6

    return bool(shiboken6.isValid(thing))
