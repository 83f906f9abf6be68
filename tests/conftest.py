"""What every test gets: no screen, folders of its own, and a look at what it leaves running."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers share the cores already

import pytest

ROOT = Path(__file__).resolve().parent.parent


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
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return [widget for widget in QApplication.topLevelWidgets() if widget.parent() is None]


def _alive(thing: Any) -> bool:
    import shiboken6

    return bool(shiboken6.isValid(thing))
