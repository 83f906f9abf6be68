"""The look at what a test leaves running sees a timer, a thread and a window."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytest_plugins = ["pytester"]

LEAKS = """
from PySide6.QtCore import QThread, QTimer
from PySide6.QtWidgets import QWidget

KEPT = []

def test_clean(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    timer = QTimer(widget)
    timer.start(10)

def test_timer(qapp):
    KEPT.append(QTimer())
    KEPT[-1].start(10_000)

def test_window(qapp):
    KEPT.append(QWidget())

def test_thread(qapp, request):
    thread = QThread()
    KEPT.append(thread)
    thread.start()

def test_end(qapp):
    KEPT[-1].quit()
    KEPT[-1].wait()
"""


def test_leftovers_are_named(pytester: pytest.Pytester) -> None:
    home = pytester.mkpydir("tests")
    for name in ("conftest.py", "executing.py", "work.py"):
        shutil.copy(ROOT / "tests" / name, home)
    pytester.makepyfile(**{"tests/test_leaks": LEAKS})
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly")
    result.assert_outcomes(passed=5, errors=3)
    for kind in ("timer started by", "thread started by", "window <"):
        result.stdout.fnmatch_lines(f"*left behind: {kind.replace('<', '*')}*")
